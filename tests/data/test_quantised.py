"""Images of a few levels, rounded once or drawn anew, and their constant answer."""

import jax
import numpy as np
import pytest

from dl_core.data import quantised, views
from dl_core.types import Batch, UserError


def load(digits_dir, with_classes=False, **settings):
  c = quantised.Config(data_dir=str(digits_dir), batch_size=8, **settings)
  return c, quantised.load(c, with_classes)


@pytest.mark.parametrize('levels', [2, 17])
def test_pixels_are_rounded_once(digits_dir, levels):
  c, data = load(digits_dir, levels=levels)
  batch = next(iter(data.splits['test']()))
  assert set(np.unique(batch.y)) <= set(range(levels))
  np.testing.assert_allclose(batch.x * (levels - 1), batch.y, atol=1e-6)
  key = jax.random.key(0)
  assert quantised.change(c)(key, batch) is batch
  taken = data.take(data.feed(key, 0), key, 0)
  np.testing.assert_allclose(taken.x * (levels - 1), taken.y, atol=1e-6)


def test_pixels_are_drawn_with_the_probability_of_their_grey(digits_dir):
  c, data = load(digits_dir, binarise='each_step')
  assert 'drawn anew' in data.notes[-1]
  batch = next(iter(data.splits['test']()))
  draws = [quantised.change(c)(jax.random.key(n), batch) for n in range(400)]
  assert all(set(np.unique(draw.x)) <= {0, 1} for draw in draws[:5])
  np.testing.assert_array_equal(draws[0].x, draws[0].y)
  mean = np.mean([draw.y for draw in draws], axis=0)
  error = np.sqrt(batch.x * (1 - batch.x) / 400) + 1e-9
  assert np.abs((mean - batch.x) / error).max() < 5


def table(c, data, split):
  """Returns how likely each level of each pixel is, and the classes of the images."""
  labelled = quantised.labelled(c)
  pairs = [(b.x[b.weight > 0], b.y[b.weight > 0]) for b in labelled.splits[split]()]
  x, classes = map(np.concatenate, zip(*pairs, strict=True))
  if c.binarise == 'each_step':
    return np.stack([1 - x, x], -1).astype(np.float64), classes
  return np.eye(c.levels)[np.rint(x * (c.levels - 1)).astype(int)], classes


@pytest.mark.parametrize('settings', [{'levels': 17}, {'binarise': 'each_step'}])
@pytest.mark.parametrize('told', [False, True])
def test_the_constant_answer_is_that_of_independent_pixels(digits_dir, settings, told):
  c, data = load(digits_dir, told, **settings)
  (train, of), (test, classes) = (table(c, data, name) for name in ('train', 'test'))
  nats = 0.0
  for number in range(10):
    own = train[of == number] if told else train
    share = (own.sum(0) + 1) / (len(own) + c.levels)
    nats -= (test[classes == number] * np.log(share)).sum() / len(test)
  np.testing.assert_allclose(data.baseline()['loss'], nats, rtol=1e-6)


def test_labels_stay_beside_the_rounded_images(digits_dir):
  c, data = load(digits_dir)
  labelled = quantised.labelled(c)
  assert len(labelled.spec.classes) == 10
  found, wanted = (next(iter(each.splits['test']())) for each in (labelled, data))
  np.testing.assert_array_equal(found.x, wanted.x)
  assert found.y.shape == found.weight.shape


@pytest.mark.parametrize('binarise', ['once', 'each_step'])
def test_a_file_is_rounded_whether_or_not_training_draws(
  digits_dir, binarise, tmp_path
):
  from PIL import Image

  pixels = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
  Image.fromarray(pixels).save(tmp_path / 'grey.png')
  path = str(tmp_path / 'grey.png')
  _, data = load(digits_dir, binarise=binarise)
  assert set(np.unique(data.read(path))) == {0, 1}
  _, data = load(digits_dir, True, binarise=binarise)
  found = data.read(f'{path}: 7')
  assert set(np.unique(found['image'])) == {0, 1}
  assert found['class'] == 7
  for given in (path, f'{path}: 11'):
    with pytest.raises(UserError, match=r"not 'FILE: CLASS' .* 'FILE: 0'"):
      data.read(given)


def test_drawing_wants_two_levels():
  with pytest.raises(UserError, match='drop one of the two'):
    quantised.Config(levels=3, binarise='each_step')


@pytest.mark.parametrize('classes', [None, np.array([3, 1])])
def test_the_label_of_a_drawn_batch_is_its_image(classes):
  grey = np.full((2, 2, 2, 1), 0.5, np.float32)
  batch = Batch(views.beside(grey, classes), None, np.ones(2))
  drawn = quantised.redrawn(jax.random.key(0), batch)
  assert drawn.y.dtype == np.int32
  image, kept = views.parted(drawn.x)
  np.testing.assert_array_equal(image, drawn.y)
  assert kept is classes
