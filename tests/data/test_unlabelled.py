"""Images without labels: y is 0, classes are (); who wants labels refuses them."""

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from dl_core import config
from dl_core.data import images
from dl_core.interpret import judge
from dl_core.types import UserError

SPLITS = ('train', 'validation', 'test')


def draw(folder, count, grey, kind='png'):
  """Saves `count` images, each of one grey."""
  folder.mkdir(parents=True, exist_ok=True)
  for number in range(count):
    Image.new('L', (40, 30), grey + number).save(folder / f'{number:02}.{kind}')


@pytest.fixture
def toys(stock):
  """What TFDS's binarized_mnist looks like: an image, and no label."""
  return stock('toys', {'train': [0] * 30, 'test': [0] * 5}, label=False)


@pytest.mark.parametrize('resident_bytes', [2**30, 0])
def test_a_set_without_labels_is_read_where_they_are_optional(
  resident_bytes, toys, everything
):
  c = config.Config(
    dataset='toys', data_dir=toys, batch_size=8, resident_bytes=resident_bytes
  )
  data, key = images.load(c, 28, labels='optional'), jax.random.key(0)
  assert (data.spec.classes, data.spec.channels) == ((), 1)
  assert set(data.declaration['features']) == {'image'}
  batch = data.take(data.feed(key, 0), key, 0)
  assert (batch.y.dtype, np.asarray(batch.y).tolist()) == (np.int32, [0] * 8)
  x, y = everything(data, 'test')
  assert sorted((x[:, 9, 9, 0] * 255).round()) == [0, 1, 2, 3, 4]
  assert y.tolist() == [0] * 5
  assert data.baseline() == {}
  assert data.digests()


def test_who_wants_labels_refuses_a_set_without_them(toys, load):
  with pytest.raises(
    UserError, match=r'=toys was given, whose examples hold image \(Image\); .*label'
  ):
    load(toys, 'toys')
  with pytest.raises(UserError, match=r'toys/3.0.1 was given, .*no classes.*give'):
    judge.make(load(toys, 'toys', labels='optional'))


def test_a_set_without_images_is_refused_with_labels_optional_too(stocked, load):
  features = tfds.features.FeaturesDict({'text': tfds.features.Text()})
  data_dir = stocked('words', features, {'train': [{'text': 'a'}]})
  with pytest.raises(UserError, match=r'wanted are image \(Image\), give a set'):
    load(data_dir, 'words', labels='optional')


@pytest.mark.parametrize('place', ['', 'all', 'all/of/them'])
def test_a_folder_without_classes_is_a_set_without_labels(
  place, tmp_path, load, everything
):
  root = tmp_path / 'loose'
  draw(root / 'train' / place, 20, 10)
  draw(root / 'test', 3, 100, 'bmp')
  data = load(root, 'folder', channels=None, labels='optional')
  assert (data.spec.classes, data.spec.channels) == ((), 3)
  assert data.spec.source.startswith('folder/')
  assert set(data.declaration['features']) == {'image'}
  sizes = []
  for split in SPLITS:
    x, y = everything(data, split)
    assert (y.dtype, y.tolist()) == (np.int32, [0] * len(x))
    sizes.append(len(x))
  assert sizes == [18, 2, 3]
  greys = (everything(data, 'train')[0][:, 16, 16] * 255).round().astype(int)
  assert greys.min() >= 10
  assert greys.max() <= 29
  assert len({tuple(grey) for grey in greys}) == 18
  assert data.baseline() == {}
  assert [note for note in data.notes if 'in proportion' in note] == []
  with pytest.raises(UserError, match=r'class folders, at least 2 are wanted'):
    load(root, 'folder')


def test_labels_that_are_optional_are_read_where_there_are_classes(tmp_path, load):
  for name in ('ant', 'bee'):
    draw(tmp_path / 'train' / name, 20, 10)
  optional, wanted = (
    load(tmp_path, 'folder', labels=labels) for labels in ('optional', 'wanted')
  )
  assert wanted.spec.classes == ('ant', 'bee')
  assert optional.spec == wanted.spec
  assert optional.digests() == wanted.digests()
  assert optional.baseline() == wanted.baseline() == {'accuracy': 0.5}


def test_a_folder_that_lacks_train_is_refused_without_labels_too(tmp_path, load):
  draw(tmp_path / 'training', 20, 10)
  with pytest.raises(UserError, match=r'no folder train; put images into DIR/train/ '):
    load(tmp_path, 'folder', labels='optional')
