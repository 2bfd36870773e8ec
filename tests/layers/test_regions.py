"""RoI pooling, forwards and backwards, against loops written from Caffe's kernel."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import pooling, regions

pooled = jax.jit(regions.pooled, static_argnames=('stride', 'size'))


def bins(start, count, number, size, side):
  first, after = (
    start + number * count // size,
    start + -(-(number + 1) * count // size),
  )
  return range(max(first, 0), min(after, side))


def loops(maps, boxes, stride, size):
  """Returns pooled maps [R, P, P, C] and the places of the maxima, -1 in empty bins."""
  height, width, channels = maps.shape
  found = np.zeros((len(boxes), size, size, channels), np.float32)
  places = np.full(found.shape, -1)
  away = lambda value: int(np.floor(value / stride + 0.5))  # half away from zero
  for r, (left, top, right, bottom) in enumerate(boxes):
    x0, y0, x1, y1 = away(left), away(top), away(right - 1), away(bottom - 1)
    w, h = max(x1 - x0 + 1, 1), max(y1 - y0 + 1, 1)
    for i in range(size):
      for j in range(size):
        for y, x in itertools.product(
          bins(y0, h, i, size, height), bins(x0, w, j, size, width)
        ):
          better = (places[r, i, j] < 0) | (maps[y, x] > found[r, i, j])
          found[r, i, j] = np.where(better, maps[y, x], found[r, i, j])
          places[r, i, j] = np.where(better, y * width + x, places[r, i, j])
  return found, places


@pytest.mark.parametrize(('stride', 'size'), [(4, 3), (8, 7), (1, 2)])
def test_pooling_and_its_gradient_are_caffes_also_with_ties(stride, size):
  random = np.random.RandomState(size)
  maps = random.randint(0, 4, (11, 9, 3)).astype(np.float32)  # full of ties
  low = random.randint(-5, 9 * stride, (40, 2))
  boxes = np.hstack([low, low + random.randint(1, 9 * stride, (40, 2))])
  boxes = boxes.astype(np.float32)
  wanted, places = loops(maps, boxes, stride, size)
  found = pooled(maps, boxes, stride=stride, size=size)
  np.testing.assert_array_equal(found, wanted)
  given = random.standard_normal(wanted.shape).astype(np.float32)
  gradient = np.zeros((99, 3), np.float32)
  for r, i, j, c in np.argwhere(places >= 0):
    gradient[places[r, i, j, c], c] += given[r, i, j, c]
  moved = jax.jit(
    jax.grad(lambda m: jnp.sum(regions.pooled(m, boxes, stride, size) * given))
  )
  np.testing.assert_allclose(moved(maps).reshape(99, 3), gradient, atol=1e-5)


def whole(rows, columns, stride):
  """Returns the box [1, 4] whose cells are all places of a map.

  It ends where the last place begins: the box of the whole image has a cell more, since
  Caffe rounds its last pixel up.
  """
  ends = [0, 0, (columns - 1) * stride + 1, (rows - 1) * stride + 1]
  return np.array([ends], np.float32)


@pytest.mark.parametrize('size', [7, 5, 3])
def test_all_places_of_a_map_are_pooled_adaptively(size):
  maps = np.random.RandomState(0).standard_normal((14, 14, 2)).astype(np.float32)
  found = pooled(maps, whole(14, 14, 16), stride=16, size=size)
  np.testing.assert_array_equal(found, pooling.adaptive_max(maps[None], size))
  if size == 7:
    wanted = maps.reshape(7, 2, 7, 2, 2).max(axis=(1, 3))
    np.testing.assert_array_equal(found[0], wanted)


@pytest.mark.parametrize('cells', [57, 114])
def test_no_bin_of_many_cells_leaks_into_the_next_row(cells):
  maps = jnp.arange(cells + 3.0)[:, None, None] * jnp.ones((1, 2, 1))
  box = jnp.array([[0, 0, 1, cells]], jnp.float32)
  found = pooled(maps, box, stride=1, size=7)[0, :, 0, 0]
  np.testing.assert_array_equal(found, [-(-i * cells // 7) - 1 for i in range(1, 8)])


def test_a_region_cut_out_of_a_ramp_is_that_ramp():
  down, across = np.mgrid[:32, :32] + 0.5
  image = jnp.asarray(np.stack([across, down], -1), jnp.float32)
  crop = regions.warped(image, jnp.array([[4.0, 8, 20, 16]]), 8, 0)[0]
  np.testing.assert_allclose(
    crop[0, :, 0], 4 + 16 * (np.arange(8) + 0.5) / 8, rtol=1e-5
  )
  np.testing.assert_allclose(crop[:, 3, 1], 8 + (np.arange(8) + 0.5), rtol=1e-5)
  around = regions.warped(image, jnp.array([[4.0, 8, 20, 16]]), 8, 2)[0]
  np.testing.assert_allclose(around[0, 2, 0], 4 + 16 / 4 / 2, rtol=1e-5)
  outside = regions.warped(image, jnp.array([[0.0, 0, 32, 32]]), 8, 2)[0]
  assert not outside[0].any()
  assert outside[4].any()
