"""The product of matrices says what XLA's own convolution and pooling say, in all."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from dl_core.layers import convolution
from dl_core.layers.cpu import patches
from dl_core.runtime import flops
from tests.layers.close import assert_close

# (sides, kernel, strides, padding, pool)
CASES = {
  'C1 of LeNet': ((32, 32), (5, 5, 1, 6), (1, 1), 'VALID', (2, 2)),
  'C3 of LeNet': ((14, 14), (5, 5, 6, 16), (1, 1), 'VALID', (2, 2)),
  'without pooling': ((9, 7), (3, 3, 2, 4), (1, 1), 'SAME', (1, 1)),
  'not square': ((11, 8), (2, 3, 3, 5), (1, 1), ((1, 0), (2, 1)), (3, 2)),
  'strided': ((12, 13), (3, 3, 2, 4), (2, 2), 'SAME', (1, 1)),
  'strided and pooled': ((13, 12), (3, 5, 2, 4), (2, 1), 'SAME', (2, 3)),
  'halving': ((8, 8), (4, 4, 5, 3), (2, 2), ((1, 1), (1, 1)), (1, 1)),
  'of one place': ((6, 5), (1, 1, 7, 3), (1, 1), 'VALID', (1, 1)),
  'of one place, strided': ((7, 6), (1, 1, 7, 3), (2, 2), 'SAME', (1, 1)),
  'pooled, with a rest': ((10, 10), (4, 4, 2, 3), (1, 1), 'VALID', (2, 2)),
  'stride beyond the kernel': ((9, 9), (2, 2, 2, 3), (3, 3), 'VALID', (1, 1)),
  'kernel as large as the image': ((5, 5), (5, 5, 3, 4), (1, 1), 'VALID', (1, 1)),
}
MANY = 8
as_a_product, plainly = patches.convolve, convolution.plainly


@pytest.fixture(params=CASES, ids=lambda name: name.replace(' ', '_'))
def case(request):
  """Returns the arrays (x, kernel, bias) and the settings."""
  sides, kernel, strides, padding, pool = CASES[request.param]
  x = jax.random.normal(jax.random.key(0), (MANY, *sides, kernel[2]))
  bias = jax.random.normal(jax.random.key(2), kernel[3:])
  kernel = jax.random.normal(jax.random.key(1), kernel)
  if isinstance(padding, str):
    padding = jax.lax.padtype_to_pads(sides, kernel.shape[:2], strides, padding)
  return (x, kernel, bias), (strides, tuple(padding), pool)


def gradients_of(function, settings):
  """Gradients by all arrays of a loss that reads every output."""

  def loss(*arrays):
    y = function(*arrays, *settings)
    return jnp.sum(y**2 + y * jnp.arange(y.size).reshape(y.shape) / y.size)

  return jax.grad(loss, (0, 1, 2))


def test_a_product_says_what_the_convolution_says(case):
  arrays, settings = case
  assert_close(as_a_product(*arrays, *settings), plainly(*arrays, *settings))


def test_its_gradients_are_those_of_the_convolution(case):
  arrays, settings = case
  found = jax.jit(gradients_of(as_a_product, settings))(*arrays)
  assert_close(found, jax.jit(gradients_of(plainly, settings))(*arrays))


def test_its_derivative_forwards_is_that_of_the_convolution(case):
  arrays, settings = case
  moved = tuple(jnp.cos(each) for each in arrays)
  found, expected = (
    jax.jvp(lambda *given, f=f: f(*given, *settings), arrays, moved)
    for f in (as_a_product, plainly)
  )
  assert_close(found, expected)


def test_gradients_of_several_kernels_side_by_side_are_those_of_each(case):
  (x, kernel, bias), settings = case
  kernels = jnp.stack([kernel, jnp.flip(kernel, 0)])
  together = jax.vmap(gradients_of(convolution.convolve, settings), (None, 0, None))
  found = jax.jit(together)(x, kernels, bias)
  for number, one in enumerate(kernels):
    mine = jax.tree.map(lambda leaf: leaf[number], found)  # noqa: B023
    assert_close(mine, jax.jit(gradients_of(plainly, settings))(x, one, bias))


def test_eight_devices_that_share_a_batch_compute_what_one_does(case):
  (x, *rest), settings = case
  mesh = jax.make_mesh((8,), ('data',), axis_types=(jax.sharding.AxisType.Auto,))
  shared = jax.device_put(x, NamedSharding(mesh, P('data')))
  both = jax.jit(gradients_of(as_a_product, settings))
  assert_close(both(shared, *rest), both(x, *rest))
  y = jax.jit(lambda *given: as_a_product(*given, *settings))(shared, *rest)
  assert y.addressable_shards[0].data.shape[0] == 1


def test_in_bfloat16_it_errs_no_more_than_rounding_does(case):
  arrays, settings = case
  found = as_a_product(*(each.astype(jnp.bfloat16) for each in arrays), *settings)
  assert found.dtype == jnp.bfloat16
  assert_close(found.astype(jnp.float32), plainly(*arrays, *settings), tolerance=2e-2)


def test_operations_are_counted_of_the_convolution_and_not_of_the_product(case):
  arrays, settings = case
  found, expected = (
    flops.count(gradients_of(f, settings), *arrays)
    for f in (convolution.convolve, plainly)
  )
  assert (found.products, found.unknown) == (expected.products, set())


def test_a_program_for_cpu_holds_the_product_alone_and_others_the_convolution():
  shapes = (2, 8, 8, 1), (3, 3, 1, 4), (4,)
  step = jax.jit(gradients_of(convolution.convolve, ((1, 1), 'SAME', (2, 2))))
  traced = step.trace(*map(jnp.zeros, shapes))
  for platform, inside in (('cpu', False), ('cuda', True), ('tpu', True)):
    text = traced.lower(lowering_platforms=(platform,)).as_text()
    assert ('stablehlo.convolution' in text) == inside, platform
    assert ('dot_general' in text) != inside, platform


def test_of_equal_outputs_the_first_alone_is_moved():
  y = jnp.array([[1.0, 3.0], [2.0, 3.0], [2.0, 0.0]])  # three places, two features
  gradient = jax.grad(lambda y: jnp.sum(patches.largest(y, jnp.ones(2))))(y)
  np.testing.assert_array_equal(gradient, [[0, 1], [1, 0], [0, 0]])


@pytest.mark.parametrize('pool', [(1, 1), (2, 2)])
@pytest.mark.parametrize('use_bias', [True, False])
def test_the_layer_is_that_of_linen_with_the_same_parameters(pool, use_bias):
  settings = {'strides': (1, 1), 'padding': 'SAME', 'use_bias': use_bias}
  mine = convolution.Conv(4, (3, 3), pool=pool, **settings)
  other = nn.Conv(4, (3, 3), **settings)
  x = jax.random.normal(jax.random.key(0), (2, 8, 8, 3))
  variables = mine.init(jax.random.key(1), x)
  chex.assert_trees_all_equal(variables, other.init(jax.random.key(1), x))
  variables = jax.tree.map(lambda leaf: leaf + 0.1, variables)
  expected = nn.max_pool(other.apply(variables, x), pool, pool)
  assert_close(mine.apply(variables, x), expected)


@pytest.mark.parametrize('use_bias', [True, False])
def test_a_layer_of_bfloat16_parameters_says_bfloat16(use_bias):
  layer = convolution.Conv(4, (3, 3), use_bias=use_bias)
  x = jnp.ones((1, 8, 8, 2), jnp.bfloat16)
  variables = jax.tree.map(
    lambda leaf: leaf.astype(jnp.bfloat16), layer.init(jax.random.key(0), x)
  )
  assert layer.apply(variables, x).dtype == jnp.bfloat16
