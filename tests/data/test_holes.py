"""Holes hide what is in them and nothing else; interpolation reads nothing but rims."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.data import holes
from dl_core.types import Batch

SHAPE = 7, 12, 10, 2


@pytest.fixture(scope='module')
def batch():
  x = jnp.asarray(np.random.RandomState(0).rand(*SHAPE), jnp.float32)
  return Batch(x, jnp.arange(7), jnp.array([1.0] * 6 + [0.0]))


@pytest.mark.parametrize('place', holes.PLACES)
def test_a_quarter_is_hidden_behind_the_mean_of_the_rest(place, batch):
  for seed in range(5):
    x, y, weight = jax.jit(holes.hide(place))(jax.random.key(seed), batch)
    chex.assert_trees_all_equal(y, batch.x)
    assert not weight[6].any()  # padding weighs nothing
    parts = (np.asarray(each)[:6] for each in (x, y, weight > 0))
    for seen, whole, hole in zip(*parts, strict=True):
      rows, columns = hole.any((1, 2)), hole.any((0, 2))
      assert hole.sum() == 6 * 5 * 2 == rows.sum() * columns.sum() * 2
      assert not np.array([rows[0], rows[-1], columns[0], columns[-1]]).any()
      np.testing.assert_array_equal(seen[~hole], whole[~hole])
      for channel in range(2):
        around = whole[..., channel][~hole[..., channel]]
        inside = seen[..., channel][hole[..., channel]]
        np.testing.assert_allclose(inside, around.mean(), rtol=1e-5)


def test_what_is_read_does_not_depend_on_what_is_hidden(batch):
  hide, key = jax.jit(holes.hide('random')), jax.random.key(3)
  first = hide(key, batch)
  changed = jnp.where(hide(key, batch).weight > 0, 9.0, batch.x)
  second = hide(key, batch._replace(x=changed))
  np.testing.assert_allclose(first.x[:6], second.x[:6], rtol=1e-5)


def test_holes_are_in_the_middle_or_come_to_be_everywhere(batch):
  def tops(place):
    hide = jax.jit(holes.hide(place))
    weights = [hide(jax.random.key(n), batch).weight for n in range(30)]
    return {int(n) for w in weights for n in holes.corners(np.asarray(w[:6]))[0]}

  assert tops('centre') == {3}
  assert tops('random') == set(range(1, 6))


def test_an_unknown_place_is_refused():
  with pytest.raises(ValueError, match='corner'):
    holes.hide('corner')


def test_interpolation_restores_planes_and_reads_no_pixel_of_the_hole():
  row, column = np.mgrid[:12, :10]
  plane = (0.02 * row + 0.05 * column + 0.1)[None, ..., None].repeat(3, 0)
  for place in holes.PLACES:
    batch = Batch(jnp.asarray(plane), None, jnp.ones(3))
    weight = np.asarray(jax.jit(holes.hide(place))(jax.random.key(1), batch).weight)
    seen = np.where(weight > 0, np.nan, plane)
    np.testing.assert_allclose(holes.interpolated(seen, weight), plane, atol=1e-5)


def test_every_interpolated_pixel_is_the_mean_of_its_neighbours():
  rim = np.random.RandomState(0).rand(14)
  filled = (holes.harmonic(3, 4) @ rim).reshape(3, 4)
  above, below, left, right = rim[:4], rim[4:8], rim[8:11], rim[11:]
  padded = np.zeros((5, 6))
  padded[1:-1, 1:-1] = filled
  padded[0, 1:-1], padded[-1, 1:-1] = above, below
  padded[1:-1, 0], padded[1:-1, -1] = left, right
  around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
  np.testing.assert_allclose(filled, around / 4, atol=1e-12)
  assert rim.min() < filled.min() < filled.max() < rim.max()
