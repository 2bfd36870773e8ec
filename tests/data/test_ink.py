import chex
import jax
import numpy as np
import pytest

from dl_core import config
from dl_core.data import ink


@pytest.fixture(scope='module')
def data():
  return ink.load(config.Config(batch_size=16), size=16, shift=3)


def test_a_batch_is_what_the_spec_declares_and_has_void_pixels(data):
  key = jax.random.key(0)
  batch = jax.jit(data.take)(data.feed(key, 0), key, 0)
  chex.assert_trees_all_equal_shapes_and_dtypes(batch, data.spec.batch)
  assert 0 < np.mean(batch.weight == 0) < 0.5
  assert data.spec.classes[:2] == ('background', '0')


def test_masks_move_with_their_images(data):
  key = jax.random.key(3)
  moved = jax.jit(data.take)(data.feed(key, 0), key, 0)
  rows = np.asarray(data.rows(key, 0))
  x, y, _ = data.feed(key, 0)
  assert np.any(np.asarray(moved.x) != x[rows].astype('f4') / np.float32(255))
  # Where the ink went, the class went; what came in is background and counts.
  ink_there = np.asarray(moved.x[..., 0]) >= 128 / 255
  digits = y[rows].max(axis=(1, 2))
  np.testing.assert_array_equal(moved.y, np.where(ink_there, digits[:, None, None], 0))
  paper = np.asarray(moved.x[..., 0]) < 64 / 255
  np.testing.assert_array_equal(moved.weight > 0, ink_there | paper)


def test_the_constant_answer_is_background_and_has_one_class_of_eleven(data):
  found = data.baseline()
  right = count = 0
  for batch in data.splits['test']():
    right += np.sum((batch.y == 0) * batch.weight)
    count += np.sum(batch.weight)
  assert found['accuracy'] == pytest.approx(right / count)
  assert found['iou'] == pytest.approx(right / count / 11)
