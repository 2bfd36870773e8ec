"""A large image seen in parts is what one pass over it says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import unet
from dl_core.tasks import tiles


@pytest.fixture(scope='module')
def say():
  model = unet.UNet(2, levels=2, width=2, dropout=0.0)
  variables = model.init(jax.random.key(0), jnp.zeros((1, 20, 20, 1)), train=False)
  return lambda x: model.apply(variables, x, train=False)


def test_tiles_of_a_network_without_padding_are_one_large_pass(say):
  less = unet.margin(2)
  x = jax.random.normal(jax.random.key(1), (2, 30 + less, 26 + less, 1))
  whole = say(x)
  assert whole.shape == (2, 30, 26, 2)
  see = jax.jit(lambda x: tiles.tiled(10, less)(say, x))
  np.testing.assert_allclose(see(x), whole, atol=1e-5)
  assert tiles.tiled(30, less)(lambda x: 'whole', x) == 'whole'


@pytest.mark.parametrize('side', [6, 7, 13])
def test_windows_average_the_probabilities_of_all_that_hold_a_pixel(side):
  x = jax.random.normal(jax.random.key(1), (2, side, side, 3))
  say = lambda x: x - 5 * x.mean(axis=(1, 2), keepdims=True)  # a window sees itself
  total, count = np.zeros(x.shape), np.zeros((side, side, 1))
  starts = {6: [0], 7: [0, 1], 13: [0, 4, 7]}[side]  # 4 is two thirds of a window of 6
  for top in starts:
    for left in starts:
      place = slice(top, top + 6), slice(left, left + 6)
      total[:, *place] += jax.nn.softmax(say(x[:, *place]))
      count[place] += 1
  found = jax.jit(lambda x: tiles.sliding(6)(say, x))(x)
  np.testing.assert_allclose(jnp.exp(found), total / count, atol=1e-6)


def test_the_mean_over_all_turns_of_a_turned_image_is_turned(say):
  less = unet.margin(2)
  x = jax.random.normal(jax.random.key(1), (1, 12 + less, 12 + less, 1))
  see = jax.jit(lambda x: tiles.turned(lambda say, x: say(x))(say, x))
  found = see(x)
  for change in (lambda x: jnp.rot90(x, 1, (1, 2)), lambda x: x[:, :, ::-1]):
    np.testing.assert_allclose(see(change(x)), change(found), atol=1e-5)
    assert np.abs(say(change(x)) - change(say(x))).max() > 1e-3
  np.testing.assert_allclose(jax.nn.softmax(found), jnp.exp(found), atol=1e-5)
