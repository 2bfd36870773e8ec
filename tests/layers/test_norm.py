"""Batch norm with a written gradient says what that of linen says, in all."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from dl_core.layers import norm
from dl_core.runtime import flops

SHAPES = [(8, 3, 5, 6), (16, 4)]


def of(layer, x, dtype=np.float32):
  """Parameters that are not what they are at first, and the averages of runs."""
  variables = layer.init(jax.random.key(0), x)
  move = lambda leaf: (leaf + 0.3 * np.arange(leaf.size)).astype(dtype)
  return {**variables, 'params': jax.tree.map(move, variables['params'])}


def results(layer, variables, x):
  """Output, averages and gradients by the parameters and x of a loss that reads all."""

  def loss(params, x):
    given = {**variables, 'params': params}
    y, changed = layer.apply(given, x, mutable='batch_stats')
    y32 = y.astype(jnp.float32)
    return jnp.sum(y32**2 * jnp.arange(y.size).reshape(y.shape) / y.size), (y, changed)

  return jax.grad(loss, (0, 1), has_aux=True)(variables['params'], x)


def drawn(shape):
  return np.random.default_rng(0).standard_normal(shape, np.float32) * 2 + 1


def pair(rest):
  settings = {'momentum': 0.9, 'epsilon': 1e-3}
  return norm.BatchNorm(rest, **settings), nn.BatchNorm(rest, **settings)


@pytest.mark.parametrize('shape', SHAPES, ids=str)
@pytest.mark.parametrize('rest', [False, True], ids=['batch', 'averages'])
def test_it_has_the_parameters_the_outputs_and_the_gradients_of_linen(shape, rest):
  x = drawn(shape)
  mine, other = pair(rest)
  chex.assert_trees_all_equal(
    mine.init(jax.random.key(0), x), other.init(jax.random.key(0), x)
  )
  variables = of(other, x)
  found, expected = (
    jax.jit(lambda v, x, layer=layer: results(layer, v, x))(variables, x)
    for layer in (mine, other)
  )
  chex.assert_trees_all_close(found, expected, rtol=2e-5, atol=2e-5)


def test_runs_side_by_side_are_those_of_each():
  x = drawn((8, 3, 5, 6))
  mine, other = pair(False)
  many = jax.tree.map(lambda leaf: np.stack([leaf, leaf + 1]), of(other, x))
  found, expected = (
    jax.jit(jax.vmap(lambda v, layer=layer: results(layer, v, x)))(many)
    for layer in (mine, other)
  )
  chex.assert_trees_all_close(found, expected, rtol=2e-5, atol=2e-5)


def test_devices_that_share_a_batch_have_one_mean():
  x = drawn((8, 3, 5, 6))
  mine, _ = pair(False)
  mesh = jax.make_mesh((8,), ('data',), axis_types=(jax.sharding.AxisType.Auto,))
  step = jax.jit(lambda v, x: results(mine, v, x))
  variables = of(mine, x)
  shared = step(variables, jax.device_put(x, NamedSharding(mesh, P('data'))))
  chex.assert_trees_all_close(shared, step(variables, x), rtol=2e-5, atol=2e-5)
  (_, (y, _)) = shared
  assert y.addressable_shards[0].data.shape[0] == 1


def test_in_bfloat16_the_statistics_are_float32_as_in_linen():
  x = jnp.asarray(drawn((8, 3, 5, 6)), jnp.bfloat16)
  mine, other = pair(False)
  variables = of(other, x, jnp.bfloat16)
  found, expected = (results(layer, variables, x) for layer in (mine, other))
  chex.assert_trees_all_equal_shapes_and_dtypes(found, expected)
  wide = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), (found, expected))
  for a, b in zip(*map(jax.tree.leaves, wide), strict=True):
    np.testing.assert_allclose(a, b, rtol=0, atol=0.02 * np.max(np.abs(b)))


def test_other_platforms_have_the_plain_one_and_what_is_counted_is_nothing():
  x = drawn((8, 3, 5, 6))
  mine, _ = pair(False)
  variables = of(mine, x)
  traced = jax.jit(lambda v, x: results(mine, v, x)).trace(variables, x)
  for platform, inside in (('cpu', True), ('cuda', False)):
    text = traced.lower(lowering_platforms=(platform,)).as_text()
    assert ('inlineable' in text) == inside, platform
  found = flops.count(lambda v, x: results(mine, v, x), variables, x)
  assert (found.products, found.unknown) == (0, set())
