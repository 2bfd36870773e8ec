import shutil

import jax
import numpy as np
import pytest
from PIL import Image

from dl_core import config
from dl_core.data import images
from dl_core.types import UserError

SPLITS = ('train', 'validation', 'test')


def draw(folder, count, grey, kind='png', shape=(40, 30)):
  """Saves `count` images, each of one grey."""
  folder.mkdir(parents=True, exist_ok=True)
  for number in range(count):
    Image.new('L', shape, grey + number).save(folder / f'{number:02}.{kind}')


@pytest.fixture
def own(tmp_path):
  root = tmp_path / 'own'
  draw(root / 'train' / 'ant', 20, 10)
  draw(root / 'train' / 'bee', 10, 100, 'bmp')
  draw(root / 'train' / 'cow', 10, 200, 'gif')
  return root


def listing(root):
  return sorted((str(path), path.stat().st_mtime_ns) for path in root.rglob('*'))


def test_a_folder_of_ones_own_images_is_a_data_set(own, load, everything):
  (own / 'train' / 'ant' / 'notes.txt').write_text('not an image')
  (own / 'train' / 'ant' / '._00.png').write_text('what a Mac leaves behind')
  (own / 'train' / '.cache').mkdir()
  before = listing(own)
  data = load(own, 'folder')
  assert data.spec.classes == ('ant', 'bee', 'cow')
  sizes = {split: np.bincount(everything(data, split)[1]).tolist() for split in SPLITS}
  assert sizes == {'train': [14, 7, 7], 'validation': [2, 1, 1], 'test': [4, 2, 2]}
  x, y = jax.tree.map(
    lambda *parts: np.concatenate(parts), *(everything(data, split) for split in SPLITS)
  )
  greys = (x[:, 16, 16, 0] * 255).round().astype(int)
  assert sorted(zip(y, greys, strict=True)) == [
    (label, grey + number)
    for label, (count, grey) in enumerate([(20, 10), (10, 100), (10, 200)])
    for number in range(count)
  ]
  assert 'test set is 20%' in data.notes[0]
  assert 'validation set is 10%' in data.notes[1]
  assert listing(own) == before  # nothing is written into it
  assert data.feed(jax.random.key(0), 0) is data.feed(jax.random.key(1), 1)


def test_a_test_folder_is_the_test(own, load, everything):
  draw(own / 'test' / 'bee', 3, 100, 'webp')
  draw(own / 'test' / 'cow', 1, 100, 'jpeg')
  data = load(own, 'folder', channels=3)
  assert everything(data, 'test')[1].tolist() == [1, 1, 1, 2]
  assert len(everything(data, 'train')[1]) == 36
  assert ['validation' in note for note in data.notes] == [True]


def test_a_folder_is_known_by_its_names_and_sizes_not_by_its_place(own, tmp_path, load):
  source = load(own, 'folder').spec.source
  assert source.startswith('folder/')
  assert str(tmp_path) not in source
  copy = shutil.copytree(own, tmp_path / 'copy')
  assert load(copy, 'folder').spec.source == source
  (copy / 'train' / 'ant' / '00.png').rename(copy / 'train' / 'ant' / '99.png')
  assert load(copy, 'folder').spec.source != source


def no_train(own):
  (own / 'train').rename(own / 'training')


def one_class(own):
  for name in ('bee', 'cow'):
    shutil.rmtree(own / 'train' / name)


def empty_class(own):
  (own / 'train' / 'dog').mkdir()


def strange_class(own):
  draw(own / 'test' / 'dog', 2, 0)


def no_image(own):
  (own / 'train' / 'bee' / '03.bmp').write_text('not an image')


def too_few(own):
  for name in ('ant', 'bee', 'cow'):
    shutil.rmtree(own / 'train' / name)
    draw(own / 'train' / name, 1, 0)


@pytest.mark.parametrize(
  ('fault', 'words'),
  [
    (no_train, r'--data_dir=.*own, which has no folder train; put .*DIR/train/CLASS/'),
    (one_class, 'train holds 1 class folders, at least 2 are wanted'),
    (empty_class, 'train/dog holds no image .*; add some'),
    (strange_class, 'test/dog was given, a class that .*train lacks'),
    (no_image, r'train/bee/03\.bmp is not an image that Pillow can read'),
    (too_few, 'has 3 training examples of 3 classes, too few'),
  ],
)
def test_a_folder_that_will_not_do_is_refused_in_words(own, fault, words, load):
  fault(own)
  with pytest.raises(UserError, match=words) as raised:
    load(own, 'folder').feed(jax.random.key(0), 0)
  assert '\n' not in str(raised.value)


def streamed(own):
  c = config.Config(dataset='folder', data_dir=str(own), batch_size=8, resident_bytes=0)
  return images.load(c, 32, 1)


def test_a_streamed_folder_is_the_resident_one_and_is_read_when_asked(own, load):
  key, one, other = jax.random.key(2), load(own, 'folder'), streamed(own)
  for step in range(2, 5):  # three batches an epoch
    batch, of = (data.take(data.feed(key, step), key, step) for data in (one, other))
    jax.tree.map(np.testing.assert_array_equal, batch, of)
  for split in SPLITS:
    for batch, of in zip(one.splits[split](), other.splits[split](), strict=True):
      jax.tree.map(np.testing.assert_array_equal, batch, of)
  assert one.baseline() == other.baseline()


def test_a_bad_image_of_a_streamed_folder_is_told_by_its_name(own):
  data = streamed(own)
  no_image(own)
  with pytest.raises(UserError, match=r'train/bee/03\.bmp is not an image'):
    [data.feed(jax.random.key(0), step) for step in range(6)]
  (own / 'train' / 'bee' / '03.bmp').unlink()
  with pytest.raises(UserError, match=r'train/bee/03\.bmp cannot be read'):
    [list(data.splits[split]()) for split in SPLITS]


def test_a_folder_needs_a_data_dir(load):
  with pytest.raises(
    UserError, match=r'--data_dir=\(empty\), which has no folder train'
  ):
    load('', 'folder')
