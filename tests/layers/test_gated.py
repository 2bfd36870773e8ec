"""Gated convolutions: what a token sees, and that padding is nothing."""

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.layers.gated import Convolutions

B, T, D = 2, 9, 6
MODEL = Convolutions(D, 2)


def made():
  x = jnp.asarray(np.random.default_rng(0).normal(size=(B, T, D)).astype(np.float32))
  real = jnp.ones((B, T), bool)
  return MODEL.init(jax.random.key(0), x, real), x, real


def test_one_layer_is_the_equation_of_the_paper():
  model = Convolutions(D, 1)
  _, x, real = made()
  variables = model.init(jax.random.key(1), x, real)
  layer = variables['params']['layer_0']
  kernel = np.asarray(layer['kernel']).reshape(3, D, 2 * D)
  wide = np.pad(np.asarray(x), ((0, 0), (1, 1), (0, 0)))
  bias = np.asarray(layer['bias'])
  both = sum(wide[:, k : k + T] @ kernel[k] for k in range(3)) + bias
  a, b = both[..., :D], both[..., D:]
  expected = (np.asarray(x) + a / (1 + np.exp(-b))) * 0.5**0.5
  np.testing.assert_allclose(model.apply(variables, x, real), expected, atol=1e-5)


def test_a_token_sees_as_many_neighbours_as_there_are_layers():
  variables, x, real = made()
  whole = MODEL.apply(variables, x, real)
  moved = np.abs(MODEL.apply(variables, x.at[:, 4].add(1.0), real) - whole).sum((0, 2))
  assert np.flatnonzero(moved).tolist() == [2, 3, 4, 5, 6]


def test_padding_is_nothing():
  variables, x, _ = made()
  real = jnp.arange(T)[None] < jnp.array([5, 9])[:, None]
  found = MODEL.apply(variables, x, real)
  np.testing.assert_array_equal(found, MODEL.apply(variables, x.at[0, 5:].set(9), real))
  short = MODEL.apply(variables, x[:1, :5], real[:1, :5])
  np.testing.assert_allclose(found[:1, :5], short, atol=1e-6)
  assert not found[0, 5:].any()
