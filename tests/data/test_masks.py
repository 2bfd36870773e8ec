"""Label maps are read as they are written, and move with their images."""

import shutil

import chex
import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from dl_core import config
from dl_core.data import augment, label_maps, mask_folder, masks, pillow
from dl_core.data.builders import labelled
from dl_core.types import Batch, UserError

VOID = label_maps.VOID


def load(data_dir, dataset='digits', size=16, **options):
  c = config.Config(batch_size=16, dataset=dataset, data_dir=str(data_dir))
  return masks.load(c, size, **options)


@pytest.fixture(scope='module')
def digits(digits_dir):
  return load(digits_dir, augment=augment.together(augment.shift(3)))


def test_a_batch_is_what_the_spec_declares_and_has_void_pixels(digits):
  key = jax.random.key(0)
  batch = jax.jit(digits.take)(digits.feed(key, 0), key, 0)
  chex.assert_trees_all_equal_shapes_and_dtypes(batch, digits.spec.batch)
  assert 0 < np.mean(batch.weight == 0) < 0.5
  assert digits.spec.classes[:2] == ('background', '0')


def test_masks_move_with_their_images(digits):
  key = jax.random.key(3)
  moved = jax.jit(digits.take)(digits.feed(key, 0), key, 0)
  rows = np.asarray(digits.rows(key, 0))
  x, y, _ = digits.feed(key, 0)
  assert np.any(np.asarray(moved.x) != x[rows].astype('f4') / np.float32(255))
  # Where the ink went, the class went.
  ink_there = np.asarray(moved.x[..., 0]) >= 128 / 255
  numbers = y[rows].max(axis=(1, 2))
  np.testing.assert_array_equal(moved.y, np.where(ink_there, numbers[:, None, None], 0))
  paper = np.asarray(moved.x[..., 0]) < 64 / 255
  np.testing.assert_array_equal(moved.weight > 0, ink_there | paper)


def test_the_constant_answer_is_background_and_has_one_class_of_eleven(digits):
  found = digits.baseline()
  right = count = 0
  for batch in digits.splits['test']():
    right += np.sum((batch.y == 0) * batch.weight)
    count += np.sum(batch.weight)
  assert found['accuracy'] == pytest.approx(right / count)
  assert found['iou'] == pytest.approx(right / count / 11)
  assert found['class_accuracy'] == pytest.approx(1 / 11)


def test_an_image_has_its_mirror_image_around_it_and_its_map_has_not(digits_dir):
  plain, wide = load(digits_dir), load(digits_dir, around=5)
  key = jax.random.key(1)
  narrow = plain.take(plain.feed(key, 0), key, 0)
  batch = wide.take(wide.feed(key, 0), key, 0)
  chex.assert_trees_all_equal_shapes_and_dtypes(batch, wide.spec.batch)
  np.testing.assert_array_equal(batch.y, narrow.y)
  np.testing.assert_array_equal(batch.weight, narrow.weight)
  pads = ((0, 0), (5, 5), (5, 5), (0, 0))
  mirrored = np.pad(np.asarray(narrow.x), pads, mode='reflect')
  np.testing.assert_array_equal(batch.x, mirrored)
  tested = next(iter(wide.splits['test']()))
  assert tested.x.shape[1:3] == (26, 26)
  assert tested.y.shape[1:3] == (16, 16)


def test_a_crop_is_a_part_of_its_image_and_of_its_map(digits_dir):
  whole, part = load(digits_dir), load(digits_dir, crop=6, around=2)
  key = jax.random.key(1)
  all_of = whole.take(whole.feed(key, 0), key, 0)
  cut = part.take(part.feed(key, 0), key, 0)
  chex.assert_trees_all_equal_shapes_and_dtypes(cut, part.spec.batch)
  pads = ((0, 0), (2, 2), (2, 2), (0, 0))
  images = np.pad(np.asarray(all_of.x), pads, mode='reflect')
  places = set()
  for number in range(len(cut.y)):
    fits = [
      (top, left)
      for top in range(11)
      for left in range(11)
      if np.array_equal(images[number, top : top + 10, left : left + 10], cut.x[number])
      and np.array_equal(
        all_of.y[number, top : top + 6, left : left + 6], cut.y[number]
      )
      and np.array_equal(
        all_of.weight[number, top : top + 6, left : left + 6], cut.weight[number]
      )
    ]
    assert fits
    places.update(fits[:1])
  assert len(places) > 3
  assert next(iter(part.splits['test']())).y.shape[1:] == (16, 16)


def streams_as_it_is_held(name, folder, size):
  held, read = (
    masks.load(
      config.Config(batch_size=4, dataset=name, data_dir=str(folder), **more), size
    )
    for more in ({}, {'resident_bytes': 0})
  )
  key = jax.random.key(1)
  one, other = (data.take(data.feed(key, 3), key, 3) for data in (held, read))
  chex.assert_trees_all_equal(one, other)
  for split in held.splits:
    for a, b in zip(held.splits[split](), read.splits[split](), strict=True):
      chex.assert_trees_all_equal(a, b)


def test_digits_that_are_read_a_batch_at_a_time_are_the_same(digits_dir):
  streams_as_it_is_held('digits', digits_dir, 8)


def test_the_background_may_weigh_less_and_void_weighs_nothing():
  y = np.array([[[0, 1, 0]]])
  weight = np.array([[[1.0, 1.0, 0.0]]])
  found = augment.shaded(0.25)(jax.random.key(0), Batch(None, y, weight))
  np.testing.assert_array_equal(found.weight, [[[0.25, 1, 0]]])


def scene(number):
  """An image with a stripe of class `number`, void beside it; and the map."""
  labels = np.zeros((6, 8, 1), np.uint8)
  labels[2], labels[3] = number, VOID
  return labelled.png(np.repeat(20 * labels, 3, -1)), labelled.png(labels)


@pytest.mark.parametrize('kind', ['labels', 'objects'])
def test_a_prepared_set_names_the_classes_of_its_maps(stocked, kind):
  image = tfds.features.Image(shape=(6, 8, 3), encoding_format='png')
  names = ['hat', 'shoe']
  parts = {
    'labels': {
      'segmentation_mask': tfds.features.LabeledImage(
        labels=['background', *names], shape=(6, 8, 1), encoding_format='png'
      )
    },
    'objects': {
      'segmentation_mask': tfds.features.Image(shape=(6, 8, 1), encoding_format='png'),
      'objects': tfds.features.Sequence(
        {'label': tfds.features.ClassLabel(names=names)}
      ),
    },
  }
  examples = []
  for number in [1, 2] * 10:
    image_file, mask = scene(number)
    example = {'image': image_file, 'segmentation_mask': mask}
    more = {'objects': [{'label': number - 1}]} if kind == 'objects' else {}
    examples.append(example | more)
  features = tfds.features.FeaturesDict({'image': image, **parts[kind]})
  folder = stocked('things', features, {'train': examples, 'test': examples[:2]})
  data = load(folder, 'things', size=8)
  assert data.spec.classes == ('background', 'hat', 'shoe')
  (batch,) = data.splits['test']()
  streams_as_it_is_held('things', folder, 8)
  # 6 x 8 pixels in a frame of 8 x 8: a border of one void row above and below.
  assert sorted(batch.y[:2, 3].tolist()) == [[1] * 8, [2] * 8]
  assert batch.weight[0, :, 0].tolist() == [0, 1, 1, 1, 0, 1, 1, 0]


def test_a_set_without_maps_is_refused_with_what_it_has(stock):
  folder = stock('colours', {'train': [0, 1]}, shape=(28, 28, 3))
  with pytest.raises(UserError, match=r'hold image \(Image\), label \(ClassLabel\)'):
    load(folder, 'colours')


@pytest.fixture
def own(tmp_path):
  """A folder of ten images of 6 x 6 pixels whose masks have a palette."""
  for part in ('images', 'masks'):
    (tmp_path / 'train' / part).mkdir(parents=True)
  for number in range(10):
    labels = np.zeros((6, 6), np.uint8)
    labels[number % 6] = 2
    labels[0, 0] = VOID
    image = np.repeat(40 * labels[..., None], 3, -1)
    Image.fromarray(image).save(tmp_path / 'train' / 'images' / f'{number}.jpg')
    mask = Image.fromarray(labels)
    mask.putpalette([3, 141, 59] * 256)
    mask.save(tmp_path / 'train' / 'masks' / f'{number}.png')
  return tmp_path


def test_ones_own_folder_has_as_many_classes_as_its_masks_hold(own):
  data = masks.load(config.Config(batch_size=2, dataset='folder', data_dir=str(own)), 6)
  assert data.spec.classes == ('0', '1', '2')
  batches = [b for name in data.splits for b in data.splits[name]()]
  assert {*np.unique(np.concatenate([b.y for b in batches]))} == {0, 2}
  assert (
    sum(int((b.weight[:, 1:, 1:] > 0).all(axis=(1, 2)).sum()) for b in batches) == 10
  )
  streams_as_it_is_held('folder', own, 6)
  (own / 'classes.txt').write_text('no\nmaybe\nyes\n')
  assert mask_folder.own(str(own)).classes == ('no', 'maybe', 'yes')


@pytest.mark.parametrize(
  ('break_it', 'words'),
  [
    (lambda f: (f / 'train/masks/3.png').unlink(), r'masks/3\.png is missing'),
    (
      lambda f: Image.new('RGB', (6, 6)).save(f / 'train/masks/3.png'),
      r'3\.png has colours \(RGB\)',
    ),
    (
      lambda f: Image.new('L', (5, 6)).save(f / 'train/masks/3.png'),
      r'3\.png has 5 x 6 pixels, its image 6 x 6',
    ),
    (lambda f: (f / 'train').rename(f / 'other'), 'no folder train'),
    (
      lambda f: (f / 'classes.txt').write_text('a\nb\n'),
      r'masks/\d\.png holds the number 2, but there are 2 classes',
    ),
    (
      lambda f: Image.new('RGB', (6, 6)).save(f / 'train/images/3.png'),
      r'3\.jpg and 3\.png have the same name but for the suffix',
    ),
    (
      lambda f: [shutil.copytree(f / 'train', f / name) for name in ('val', 'valid')],
      r'valid was given beside another folder of the same split \(validation\)',
    ),
  ],
)
def test_a_folder_of_another_layout_is_refused_with_what_to_do(own, break_it, words):
  break_it(own)
  c = config.Config(batch_size=2, dataset='folder', data_dir=str(own))
  with pytest.raises(UserError, match=words):
    masks.load(c, 6).feed(jax.random.key(0), 0)


def test_a_map_is_scaled_to_the_nearest_pixel_as_its_image_is():
  labels = np.arange(4, dtype=np.uint8).reshape(2, 2)
  found = pillow.fitted_map(labels, (6, 4), VOID)
  assert found.tolist() == [
    [255] * 4,
    *[[0, 0, 1, 1]] * 2,
    *[[2, 2, 3, 3]] * 2,
    [255] * 4,
  ]
  image = pillow.fitted(Image.fromarray(60 * labels + 10), (6, 4, 1))
  np.testing.assert_array_equal(image[..., 0] == 0, found == VOID)


@pytest.mark.parametrize('size', [(3, 2), (40, 30), (22, 50), (16, 16), (13, 12)])
def test_a_map_comes_back_to_the_size_of_its_image(size):
  width, height = size
  rows, columns = np.mgrid[:height, :width]
  labels = ((2 * rows >= height) + 2 * (2 * columns >= width)).astype(np.uint8)
  fitted = pillow.fitted_map(labels, (16, 16), VOID)
  found = pillow.restored(fitted, size)
  assert found.shape == labels.shape
  assert VOID not in found
  assert np.mean(found == labels) >= (1.0 if max(size) <= 16 else 0.8)
  coarse = pillow.fitted_map(labels, (8, 8), VOID)
  twice = pillow.restored(pillow.fitted_map(coarse, (32, 32), VOID), size, (8, 8))
  assert twice.shape == labels.shape
  assert np.mean(twice == labels) >= 0.75
