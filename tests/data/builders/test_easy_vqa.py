"""The builder of questions about images reads the archive, or its unpacked folder."""

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from dl_core import config
from dl_core.data import asked, sources
from dl_core.data.builders import originals
from dl_core.data.builders.easy_vqa import easy_vqa_dataset_builder as easy_vqa
from dl_core.types import UserError

COUNTS = {'train': 4, 'validation': 2, 'test': 3}


def png(number):
  file = io.BytesIO()
  Image.fromarray(np.full((64, 64, 3), number, np.uint8)).save(file, 'PNG')
  return file.getvalue()


def files():
  """Returns {path: content} of a small set; image n of train has n + 1 questions."""
  found = {}
  for split, count in (('train', 6), ('test', 3)):
    questions = [
      [f'Is there shape {k % 2}?', 'yes' if k % 2 else 'circle', number]
      for number in range(count)
      for k in range(number + 1)
    ]
    found[f'{split}/questions.json'] = json.dumps(questions).encode()
    found |= {f'{split}/images/{n}.png': png(10 * n) for n in range(count)}
  return found


@pytest.fixture
def small(tmp_path, monkeypatch):
  """Puts the small set into a folder, packed or not, and returns the folder."""

  def put(packed):
    manual = tmp_path / 'downloads' / 'manual' / 'easy_vqa'
    manual.mkdir(parents=True)
    sums = {}

    def original(name, content):
      own = originals.hashlib.sha256(content).hexdigest()
      sums[name] = originals.Original('file:///nowhere', len(content), own, name)

    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode='w:xz') as tar:
      for name, content in files().items():
        entry = tarfile.TarInfo(f'easy-vqa/{name}')
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
        if not packed:
          (manual / name).parent.mkdir(parents=True, exist_ok=True)
          (manual / name).write_bytes(content)
    if packed:
      (manual / easy_vqa.ARCHIVE).write_bytes(archive.getvalue())
    original(easy_vqa.ARCHIVE, archive.getvalue())
    for name in easy_vqa.FILES:
      original(name, files()[name])
    monkeypatch.setattr(easy_vqa.Builder, 'ORIGINALS', sums)
    monkeypatch.setattr(easy_vqa.Builder, 'COUNTS', COUNTS)
    monkeypatch.setattr(easy_vqa, 'VALIDATION', COUNTS['validation'])
    return tmp_path

  return put


@pytest.mark.parametrize('packed', [True, False])
def test_every_image_comes_with_all_of_its_questions(small, packed):
  folder = str(small(packed))
  assert sources.prepare(sources.declare('easy_vqa', folder)).counts == COUNTS
  c = config.Config(dataset='easy_vqa', data_dir=folder, batch_size=2)
  data, seen = asked.load(c), {}
  for split in COUNTS:
    pairs = []
    for batch in data.splits[split]():
      rows = zip(batch.x['image'], batch.x['question'], batch.y, strict=True)
      for (image, question, answer), weight in zip(rows, batch.weight, strict=True):
        if weight:
          number = round(float(image.mean()) * 255 / 10)
          pairs.append((number, data.write(question), data.spec.classes[answer]))
    seen[split] = pairs
  assert {n for n, *_ in seen['train']} | {n for n, *_ in seen['validation']} == {
    *range(6)
  }
  for split, pairs in seen.items():
    for number, question, answer in pairs:
      own = [words for other, words, _ in pairs if other == number]
      wanted = [f'is there shape {k % 2}' for k in range(number + 1)]
      assert sorted(own) == sorted(wanted)
      assert answer == ('circle' if question.endswith('0') else 'yes')
    assert len({number for number, *_ in pairs}) == COUNTS[split]


def test_a_missing_image_is_named(small):
  folder = small(False)
  (folder / 'downloads' / 'manual' / 'easy_vqa' / 'test' / 'images' / '1.png').unlink()
  with pytest.raises(UserError, match=r'test/images/1\.png cannot be read'):
    sources.prepare(sources.declare('easy_vqa', str(folder)))
