"""The builder of blood cells reads its archive and leaves out boxes without width."""

import io
import tarfile

import numpy as np
from PIL import Image

from dl_core.data import annotated, sources
from dl_core.data.builders.bccd import bccd_dataset_builder as bccd
from tests.data.test_own_boxes import annotation

COUNTS = {'train': 2, 'validation': 1, 'test': 1}
NAMES = {'train': ('00', '01'), 'val': ('02',), 'test': ('03',)}


def jpeg():
  file = io.BytesIO()
  Image.new('RGB', (640, 480), 'red').save(file, 'JPEG')
  return file.getvalue()


def archive():
  """Returns a tar of four images; the second has a box without width."""
  files = {}
  for split, names in NAMES.items():
    files[f'bccd/ImageSets/Main/{split}.txt'] = '\n'.join(names).encode()
    for name in names:
      objects = [('WBC', (1, 1, 320, 240)), ('Platelets', (601, 401, 640, 480))]
      if name == '01':
        objects.insert(1, ('RBC', (181, 329, 181, 329)))
      text = annotation(*objects, image=f'{name}.jpg').replace(
        '<width>40</width><height>30</height>', '<width>640</width><height>480</height>'
      )
      files[f'bccd/Annotations/{name}.xml'] = text.encode()
      files[f'bccd/JPEGImages/{name}.jpg'] = jpeg()
  packed = io.BytesIO()
  with tarfile.open(fileobj=packed, mode='w') as tar:
    for name, content in files.items():
      entry = tarfile.TarInfo(name)
      entry.size = len(content)
      tar.addfile(entry, io.BytesIO(content))
  return packed.getvalue()


def test_cells_come_with_half_open_boxes_and_none_without_width(
  tmp_path, monkeypatch, original
):
  place = tmp_path / 'downloads' / 'manual' / 'bccd' / bccd.ARCHIVE
  monkeypatch.setattr(
    bccd.Builder, 'ORIGINALS', {place.name: original(place, archive())}
  )
  monkeypatch.setattr(bccd.Builder, 'COUNTS', COUNTS)
  declaration = sources.prepare(sources.declare('bccd', str(tmp_path)))
  assert declaration.counts == COUNTS
  found = annotated.prepared('bccd', str(tmp_path))
  assert found.classes == ('RBC', 'WBC', 'Platelets')
  assert any('BloodImage_00343' in note for note in found.notes)
  for entry in found.entries('train', [0, 1]):
    assert entry.labels.tolist() == [1, 2]
    arrays = annotated.framed(entry, (480, 640, 3), 2)
    np.testing.assert_array_equal(
      arrays.boxes, [[0, 0, 320, 240], [600, 400, 640, 480]]
    )
