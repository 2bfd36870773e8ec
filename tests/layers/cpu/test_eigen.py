"""A convolution of canonical form, and its gradients, are those that XLA derives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from dl_core.layers import convolution
from dl_core.layers.cpu import eigen
from dl_core.runtime import compilation, flops
from tests.layers.close import assert_close

# (sides, kernel, strides, padding)
CASES = {
  'as in a block': ((8, 8), (3, 3, 5, 6), (1, 1), ((1, 1), (1, 1))),
  'odd and not square': ((7, 10), (3, 5, 6, 5), (1, 1), ((1, 1), (2, 2))),
  'padding of one side': ((6, 7), (3, 2, 5, 7), (1, 1), ((2, 0), (0, 1))),
  'valid': ((9, 8), (3, 3, 5, 6), (1, 1), ((0, 0), (0, 0))),
  'halving': ((8, 8), (3, 3, 6, 8), (2, 2), ((1, 1), (1, 1))),
  'halving odd sides': ((9, 7), (3, 3, 6, 8), (2, 2), ((1, 1), (1, 1))),
  'halving, padded as SAME': ((8, 8), (3, 3, 6, 8), (2, 2), ((0, 1), (0, 1))),
  'stride of one axis': ((8, 9), (3, 3, 5, 6), (2, 1), ((1, 1), (1, 0))),
  'a large stride': ((23, 23), (11, 11, 5, 6), (4, 4), ((2, 2), (2, 2))),
  'inputs that no output reads': ((8, 10), (2, 3, 5, 6), (3, 4), ((0, 0), (0, 0))),
  'fewer outputs than the kernel is wide': (
    (2, 3),
    (3, 5, 5, 6),
    (1, 1),
    ((1, 1), (2, 2)),
  ),
  'two outputs': ((4, 6), (3, 5, 5, 6), (1, 1), ((0, 0), (0, 0))),
  'two outputs, halving': ((4, 4), (5, 5, 5, 6), (2, 2), ((2, 2), (2, 2))),
  'a kernel of one place, halving': ((6, 5), (1, 1, 7, 5), (2, 2), ((0, 0), (0, 0))),
  'a kernel of one place': ((6, 5), (1, 1, 7, 5), (1, 1), ((0, 0), (0, 0))),
}
MANY = 8


def drawn(sides, kernel):
  rng = np.random.default_rng(0)
  shapes = (MANY, *sides, kernel[2]), kernel
  return tuple(rng.standard_normal(shape, np.float32) for shape in shapes)


@pytest.fixture(params=CASES, ids=lambda name: name.replace(' ', '_'))
def case(request):
  """Returns (x, kernel) and the settings."""
  sides, kernel, *settings = CASES[request.param]
  return drawn(sides, kernel), settings


def plainly(x, kernel, strides, padding):
  return jax.lax.conv_general_dilated(
    x, kernel, strides, padding, dimension_numbers=eigen.AXES
  )


def results(function, settings):
  """The value and both gradients of a loss that reads every output."""

  def loss(*arrays):
    y = function(*arrays, *settings)
    return jnp.sum(y**2 + y * jnp.arange(y.size).reshape(y.shape) / y.size), y

  return jax.value_and_grad(loss, (0, 1), has_aux=True)


def test_values_and_gradients_are_those_of_the_plain_convolution(case):
  arrays, settings = case
  found = jax.jit(results(eigen.convolve, settings))(*arrays)
  assert_close(found, jax.jit(results(plainly, settings))(*arrays))


def penalised(function, settings):
  """The gradient by the kernel of a penalty on the gradient by x."""

  def slope(x, kernel):
    return jax.grad(lambda x: jnp.sum(jnp.sin(function(x, kernel, *settings))))(x)

  return jax.grad(lambda x, kernel: jnp.mean(slope(x, kernel) ** 2), 1)


def test_gradients_of_a_penalty_are_those_of_the_plain_convolution(case):
  arrays, settings = case
  found = jax.jit(penalised(eigen.convolve, settings))(*arrays)
  assert_close(found, jax.jit(penalised(plainly, settings))(*arrays))


def test_kernels_side_by_side_learn_what_each_does(case):
  (x, kernel), settings = case
  kernels = np.stack([kernel, np.flip(kernel, 0)])
  found, expected = (
    jax.jit(jax.vmap(results(f, settings), (None, 0)))(x, kernels)
    for f in (eigen.convolve, plainly)
  )
  assert_close(found, expected)


@pytest.mark.parametrize('name', ['as in a block', 'halving'])
def test_devices_that_share_a_batch_compute_what_one_does(name):
  sides, kernel, *settings = CASES[name]
  x, kernel = drawn(sides, kernel)
  mesh = jax.make_mesh((8,), ('data',), axis_types=(jax.sharding.AxisType.Auto,))
  shared = jax.device_put(x, NamedSharding(mesh, P('data')))
  both = jax.jit(results(eigen.convolve, settings))
  found = both(shared, kernel)
  assert_close(found, both(x, kernel))
  (_, y), _ = found
  assert y.addressable_shards[0].data.shape[0] == 1


@pytest.mark.parametrize('name', ['as in a block', 'halving'])
def test_in_bfloat16_it_errs_no_more_than_rounding_does(name):
  sides, kernel, *settings = CASES[name]
  x, kernel = drawn(sides, kernel)
  half = (each.astype(jnp.bfloat16) for each in (x, kernel))
  (_, y), gradients = jax.jit(results(eigen.convolve, settings))(*half)
  (_, expected), expected_slopes = jax.jit(results(plainly, settings))(x, kernel)
  assert y.dtype == gradients[0].dtype == gradients[1].dtype == jnp.bfloat16
  f32 = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), (y, gradients))
  assert_close(f32, (expected, expected_slopes), tolerance=3e-2)


def chain(x, kernel):
  """A loss of a convolution of what costs little to compute again."""
  hidden = jnp.maximum(x * 2 + 1, 0)
  return jnp.sum(jnp.tanh(convolution.convolve(hidden, kernel, jnp.zeros(8))))


def test_images_grow_until_there_are_as_many_outputs_as_the_kernel_is_wide():
  def shapes(side):
    x, kernel = np.ones((4, side, side, 8)), np.ones((3, 3, 8, 8))
    convolve = lambda *arrays: eigen.convolve(*arrays, (1, 1), ((1, 1), (1, 1)))
    assert jax.eval_shape(convolve, x, kernel).shape == x.shape
    return str(jax.make_jaxpr(convolve)(x, kernel))

  assert 'f32[4,3,3,8]' in shapes(2)
  assert 'pad[' not in shapes(1) + shapes(3)


def lines(program, *of):
  return [line for line in program.as_text().splitlines() if all(w in line for w in of)]


def compiled(*which):
  step = jax.jit(jax.grad(chain, which), compiler_options=compilation.often())
  return step.lower(np.ones((4, 8, 8, 8)), np.ones((3, 3, 8, 8))).compile()


def test_on_a_cpu_all_convolutions_are_laid_out_as_eigen_wants_them():
  program = compiled(0, 1)
  found = lines(program, ' convolution(')
  assert len(found) == 3  # forwards, by the input, by the kernel
  assert all('dim_labels=b01f_01io->b01f' in line for line in found)
  assert not lines(program, '__ynn', 'convolution')


def test_so_are_those_of_the_gradient_of_a_penalty():
  sides, kernel, *settings = CASES['as in a block']
  step = jax.jit(
    penalised(eigen.convolve, settings), compiler_options=compilation.often()
  )
  program = step.lower(*drawn(sides, kernel)).compile()
  found = lines(program, ' convolution(')
  assert len(found) >= 4
  assert all('dim_labels=b01f_01io->b01f' in line for line in found)


def test_what_a_convolution_reads_is_computed_once_for_it_and_for_its_gradient():
  assert len(lines(compiled(1), ' maximum(')) == 1


def test_on_other_platforms_xla_has_the_plain_convolution():
  step = jax.jit(jax.grad(chain, (0, 1)))
  traced = step.trace(jnp.ones((4, 8, 8, 8)), jnp.ones((3, 3, 8, 8)))
  for platform, inside in (('cpu', True), ('cuda', False), ('tpu', False)):
    text = traced.lower(lowering_platforms=(platform,)).as_text()
    assert ('inlineable' in text) == inside, platform


def test_operations_are_counted_of_the_plain_convolution(case):
  arrays, (strides, padding) = case

  def through(x, kernel):
    bias = jnp.zeros(kernel.shape[-1], x.dtype)
    return convolution.convolve(x, kernel, bias, strides, padding)

  found = flops.count(results(through, ()), *arrays)
  expected = flops.count(results(plainly, (strides, padding)), *arrays)
  assert (found.products, found.unknown) == (expected.products, set())
