"""Spectral norm finds the largest singular value and divides by it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import spectral
from dl_core.models import biggan


@pytest.mark.parametrize('shape', [(7, 4), (4, 7), (18, 3)])
def test_thirty_iterations_reach_the_largest_singular_value(shape):
  matrix = np.float32(np.random.default_rng(0).normal(size=shape))
  u = jnp.ones(shape[1]) / shape[1] ** 0.5
  for _ in range(30):
    sigma, u = spectral.iterated(matrix, u)
  np.testing.assert_allclose(sigma, np.linalg.norm(matrix, 2), rtol=1e-3)


@pytest.fixture(scope='module')
def dense():
  layer, x = spectral.Dense(4), jnp.eye(6)
  return layer, x, layer.init(jax.random.key(0), x, train=False)


def test_the_vector_moves_in_training_alone(dense):
  layer, x, variables = dense
  kernel = jnp.asarray(np.random.default_rng(1).normal(size=(6, 4)), jnp.float32)
  variables = {**variables, 'params': {**variables['params'], 'kernel': kernel}}
  run = jax.jit(
    lambda v, train: layer.apply(v, x, train=train, mutable=['spectral']),
    static_argnums=1,
  )
  _, rested = run(variables, False)
  np.testing.assert_array_equal(rested['spectral']['u'], variables['spectral']['u'])
  for _ in range(40):
    y, moved = run(variables, True)
    variables = {**variables, **moved}
  np.testing.assert_allclose(np.linalg.norm(y, 2), 1, rtol=1e-3)


def test_scaling_a_weight_changes_nothing_and_its_gradient_is_across_it(dense):
  layer, x, variables = dense
  total = lambda w: jnp.sum(jnp.sin(layer.apply(
    {**variables, 'params': {**variables['params'], 'kernel': w}}, x, train=False
  )))  # fmt: skip
  w = variables['params']['kernel']
  value, slope = jax.value_and_grad(total)(w)
  np.testing.assert_allclose(total(3 * w), value, rtol=1e-5)
  assert abs(float(jnp.sum(slope * w))) < 1e-4


def test_every_normalised_weight_of_a_player_is_found():
  model = biggan.make(16, 1, 3, width=8, chunk=2, shared=4, attention=0)
  x = model.shown(jnp.zeros((2, 16, 16, 1)), jnp.zeros(2, jnp.int32))
  shapes = jax.eval_shape(
    lambda: model.discriminator.init(jax.random.key(0), x, train=False)
  )
  zeros = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes)
  found = spectral.kernels(zeros)
  assert found.keys() == spectral.vectors(zeros).keys()
  assert found['embedding'].shape == (32, 3)  # a class is an output
  assert len(found) == 3 * 2 + 2 + 2  # convolutions, shortcuts, embedding and output


def test_truncated_latents_are_drawn_again_and_not_clipped():
  z = np.asarray(biggan.truncated(jax.random.key(0), (20_000,), 0.5))
  assert np.abs(z).max() <= 0.5
  # Clipping would put 62 % of them on the border; a normal within it is nearly flat.
  assert np.mean(np.abs(z) > 0.45) < 0.12
