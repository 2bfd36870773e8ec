"""The shared encoder reads each tile by itself, and nothing of its brightness."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import encoder
from dl_core.types import UserError

WIDTHS = (2, 3, 4, 4)


@pytest.fixture(scope='module')
def tiles():
  x = np.random.RandomState(0).rand(5, 9, 9, 1).astype(np.float32)
  x[1], x[2] = 0, 0.7  # of one colour
  return jnp.asarray(x)


@pytest.fixture(scope='module')
def read(tiles):
  """The maps of all layers, and their gradient by the tiles."""
  model = encoder.Encoder(WIDTHS)
  variables = jax.jit(model.init)(jax.random.key(0), tiles)

  @jax.jit
  def both(x):
    maps, back = jax.vjp(lambda x: model.apply(variables, x), x)
    return maps, back(jax.tree.map(jnp.ones_like, maps))[0]

  return lambda x: jax.device_get(both(x))


def test_the_maps_are_halved_three_times_rounded_up(read, tiles):
  shapes = [each.shape for each in read(tiles)[0]]
  assert shapes == [(5, 5, 5, 2), (5, 3, 3, 3), (5, 2, 2, 4), (5, 2, 2, 4)]


def test_tiles_of_one_colour_and_their_gradients_are_finite(read, tiles):
  maps, slope = read(tiles)
  assert all(np.isfinite(each).all() for each in maps)
  assert np.isfinite(slope).all()
  mean, deviation = encoder.standardised(tiles)[1:]
  np.testing.assert_allclose(mean[:, 0, 0, 0], tiles.mean((1, 2, 3)), rtol=1e-5)
  assert (deviation > 0).all()
  np.testing.assert_allclose(encoder.standardised(tiles)[0][1:3], 0, atol=1e-4)


def test_brightness_and_contrast_of_a_tile_are_not_seen(read, tiles):
  others = tiles * jnp.array([1, 1, 1, 3, 0.5]).reshape(5, 1, 1, 1) + 0.2
  drawn = [0, 3, 4]  # those with something to see
  for a, b in zip(read(tiles)[0], read(others)[0], strict=True):
    np.testing.assert_allclose(a[drawn], b[drawn], atol=0.02)


def test_what_is_said_of_a_tile_does_not_depend_on_the_others(read, tiles):
  first = read(tiles)[0]
  other = read(tiles.at[1:].set(1 - tiles[1:] ** 2))[0]
  for a, b in zip(first, other, strict=True):
    np.testing.assert_allclose(a[0], b[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(('height', 'width', 'most'), [(4, 4, 2), (5, 3, 2), (1, 1, 2)])
def test_pooled_features_are_means_of_neighbours(height, width, most):
  maps = np.random.RandomState(0).rand(2, height, width, 3)
  rows, columns = (range(0, side, -(-side // most)) for side in (height, width))
  steps = -(-height // most), -(-width // most)
  by_hand = [
    maps[:, r : r + steps[0], c : c + steps[1]].mean((1, 2))
    for r in rows
    for c in columns
  ]
  found = encoder.pooled(jnp.asarray(maps, jnp.float32), most)
  np.testing.assert_allclose(found, np.concatenate(by_hand, 1), rtol=1e-5)


def test_another_number_of_widths_is_refused():
  with pytest.raises(UserError, match='--widths=1,2,3 was given'):
    encoder.check((1, 2, 3))
