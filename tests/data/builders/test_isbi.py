"""The slices of ISBI's membranes are split by their numbers, and white is a cell."""

import io

import numpy as np
import pytest
from PIL import Image

from dl_core import config
from dl_core.data import masks, sources
from dl_core.data.builders import originals
from dl_core.data.builders.isbi import isbi_dataset_builder as isbi


def png(pixels):
  file = io.BytesIO()
  Image.fromarray(pixels).save(file, 'PNG')
  return file.getvalue()


@pytest.fixture
def folder(tmp_path, monkeypatch):
  """Puts slices, each filled with its number, where the builder looks for them."""
  manual, sums = tmp_path / 'downloads' / 'manual' / 'isbi', {}
  for number in range(30):
    labels = np.full((512, 512), 255, np.uint8)
    labels[:, :128] = 0
    images = {'image': np.full((512, 512), number, np.uint8), 'label': labels}
    for part, pixels in images.items():
      name, content = f'train/{part}/{number}.png', png(pixels)
      path = manual / name
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_bytes(content)
      own = originals.hashlib.sha256(content).hexdigest()
      sums[name] = originals.Original('file:///nowhere', len(content), own, name)
  monkeypatch.setattr(isbi.Builder, 'ORIGINALS', sums)
  return str(tmp_path)


def test_neighbouring_slices_are_in_one_split(folder):
  counts = {'train': 22, 'validation': 3, 'test': 5}
  assert sources.prepare(sources.declare('isbi', folder)).counts == counts
  c = config.Config(dataset='isbi', data_dir=folder, batch_size=2)
  data = masks.load(c, 512)
  assert data.spec.classes == ('membrane', 'cell')
  numbers = {}
  for split in counts:
    found = []
    for batch in data.splits[split]():
      for x, y, weight in zip(batch.x, batch.y, batch.weight, strict=True):
        if weight.any():
          found.append(round(float(x.mean()) * 255))
          assert not y[:, :128].any()
          assert y[:, 128:].all()
    numbers[split] = found
  assert numbers['train'] == [*range(22)]
  assert numbers['validation'] == [22, 23, 24]
  assert numbers['test'] == [25, 26, 27, 28, 29]


def test_the_originals_are_the_thirty_slices_and_their_labels():
  names = originals.listed(isbi.__file__)
  assert len(names) == 60
  assert {'train/image/0.png', 'train/label/29.png'} <= names.keys()
