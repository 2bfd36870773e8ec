"""Counts of operations against counts by hand, written out."""

import functools
import itertools

import jax
import jax.numpy as jnp
import pytest
from jax import lax
from jax.sharding import PartitionSpec as P

from dl_core import train
from dl_core.layers import recurrent
from dl_core.runtime import flops
from experiments import gan, lenet


def arrays(*shapes, dtype=jnp.float32):
  return [jax.ShapeDtypeStruct(shape, dtype) for shape in shapes]


def products(function, *shapes):
  counted = flops.count(function, *arrays(*shapes))
  assert not counted.unknown
  return counted.products


def squares(function):
  """A loss that needs the values of the function, so that its gradient does too."""
  return lambda *args: jnp.sum(function(*args) ** 2)


def convolve(x, k, strides=(1, 1), padding='VALID', **settings):
  axes = ('NHWC', 'HWIO', 'NHWC')
  return lax.conv_general_dilated(
    x, k, strides, padding, dimension_numbers=axes, **settings
  )


def scan(x, w):
  return lax.scan(lambda h, _: (jnp.tanh(h @ w), None), x, length=7)[0]


def test_dense():
  dense = lambda x, w, b: x @ w + b[None]
  shapes = (4, 3), (3, 5), (5,)
  assert flops.count(dense, *arrays(*shapes)) == (2 * 4 * 3 * 5, 4 * 5, frozenset())
  forward = 2 * 4 * 3 * 5
  assert products(jax.grad(squares(dense), argnums=(1, 2)), *shapes) == 2 * forward
  assert products(jax.grad(squares(dense), argnums=(0, 1, 2)), *shapes) == 3 * forward


def test_what_no_output_needs_is_not_counted():
  total = lambda x, w: jnp.sum(x @ w)  # its gradient needs no value
  assert products(jax.grad(total, argnums=1), (4, 3), (3, 5)) == 2 * 4 * 3 * 5
  assert products(lambda x, w: (x @ w, x)[1], (4, 3), (3, 5)) == 0
  unread = jax.jit(lambda x, w: (x @ w, x))
  assert products(lambda x, w: unread(x, w)[1], (4, 3), (3, 5)) == 0


def test_einsum_and_vmap():
  heads = functools.partial(jnp.einsum, 'bthd,bshd->bhts')
  assert products(heads, (2, 7, 3, 5), (2, 9, 3, 5)) == 2 * (2 * 3) * 7 * 9 * 5
  each = jax.vmap(lambda x, w: x @ w, (0, None))
  assert products(each, (6, 4, 3), (3, 5)) == 6 * (2 * 4 * 3 * 5)


def test_rest():
  x, w = arrays((4, 3), (4, 3))
  assert flops.count(lambda x, w: x * w + 1, x, w).rest == 2 * 4 * 3
  assert flops.count(lambda x: jnp.sum(x, axis=0), x).rest == 4 * 3  # its inputs
  moved = lambda x: jnp.where(x > 0, x, 0).T.reshape(12)[:5]
  assert flops.count(moved, x) == (0, 0, frozenset())
  pool = lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (2, 1), (2, 1), 'VALID')
  assert flops.count(pool, x).rest == (2 * 3) * 2
  scatter = lambda x: x.at[jnp.array([1, 2])].add(1.0)
  assert flops.count(scatter, x).rest == 2 * 3


def test_integers_are_free():
  x, w = arrays((4, 3), (3, 5), dtype=jnp.int32)
  assert flops.count(lambda x, w: jnp.sum(x @ w + 1), x, w) == (0, 0, frozenset())


# (kernel, settings, outputs along a side of 8); padding counts, as is usual
CONVOLUTIONS = {
  'valid': ((3, 3, 4, 6), {}, 6),
  'same': ((3, 3, 4, 6), {'padding': 'SAME'}, 8),
  'even': ((2, 2, 4, 6), {'padding': 'SAME'}, 8),
  'strided': ((3, 3, 4, 6), {'strides': (2, 2)}, 3),
  'strided same': ((3, 3, 4, 6), {'strides': (2, 2), 'padding': 'SAME'}, 4),
  'grouped': ((3, 3, 2, 6), {'feature_group_count': 2}, 6),
  'depthwise': ((3, 3, 1, 4), {'feature_group_count': 4}, 6),
  'spread': ((3, 3, 4, 6), {'rhs_dilation': (2, 2)}, 4),
  'one': ((1, 1, 4, 6), {}, 8),
  'strided one': ((1, 1, 4, 6), {'strides': (2, 2)}, 4),
}


@pytest.mark.parametrize('name', CONVOLUTIONS)
def test_convolution_and_its_gradients(name):
  kernel, settings, side = CONVOLUTIONS[name]
  height, width, channels, features = kernel
  forward = 2 * (5 * side * side * features) * height * width * channels
  f = functools.partial(convolve, **settings)
  shapes = (5, 8, 8, 4), kernel
  assert products(f, *shapes) == forward
  assert products(jax.grad(squares(f), argnums=0), *shapes) == 2 * forward
  assert products(jax.grad(squares(f), argnums=1), *shapes) == 2 * forward
  assert products(jax.vmap(f), *((3, *shape) for shape in shapes)) == 3 * forward


@pytest.mark.parametrize('padding', ['VALID', 'SAME'])
@pytest.mark.parametrize('side', [2, 3, 4])
def test_transposed_convolution(padding, side):
  """Every input meets every place of the window: inserted zeros are no products."""

  def f(x, k):
    axes = ('NHWC', 'HWIO', 'NHWC')
    return lax.conv_transpose(x, k, (2, 2), padding, dimension_numbers=axes)

  shapes = (5, 7, 7, 4), (side, side, 4, 6)
  forward = 2 * (5 * 7 * 7 * 4) * side * side * 6
  assert products(f, *shapes) == forward
  assert products(jax.grad(squares(f), argnums=0), *shapes) == 2 * forward
  assert products(jax.grad(squares(f), argnums=1), *shapes) == 2 * forward


def test_loops():
  step = 2 * 4 * 3 * 3
  assert products(scan, (4, 3), (3, 3)) == 7 * step
  assert products(jax.grad(squares(scan), argnums=0), (4, 3), (3, 3)) == 7 * 2 * step
  assert products(jax.grad(squares(scan), argnums=1), (4, 3), (3, 3)) == 7 * 3 * step
  assert products(jax.vmap(scan, (0, None)), (6, 4, 3), (3, 3)) == 6 * 7 * step
  never = lambda x, w: lax.scan(lambda h, _: (h @ w, None), x, length=0)[0]
  assert products(never, (4, 3), (3, 3)) == 0


def test_a_loop_of_unknown_length_counts_once_and_says_so():
  f = lambda x, w: lax.while_loop(lambda h: h[0, 0] < 1, lambda h: h @ w, x)
  counted = flops.count(f, *arrays((4, 3), (3, 3)))
  assert counted == (2 * 4 * 3 * 3, 0, {'while'})
  steps = lambda n: lax.while_loop(lambda i: i < n, lambda i: i + 1, 0)
  assert not flops.count(steps, 3).unknown  # integers only


def test_the_dearest_branch_counts():
  def f(x, w):
    return lax.cond(x[0, 0] > 0, lambda: x @ w @ w, lambda: x @ w)

  assert products(f, (4, 3), (3, 3)) == 2 * (2 * 4 * 3 * 3)


def test_calls():
  step = 2 * 4 * 3 * 3
  nested = jax.jit(lambda x, w: jax.jit(jnp.matmul)(x, w) @ w)
  assert products(nested, (4, 3), (3, 3)) == 2 * step
  f = lambda x, w: jnp.tanh(jnp.tanh(x @ w) @ w)
  kept = products(jax.grad(squares(f)), (4, 3), (3, 3))
  again = products(jax.grad(squares(jax.checkpoint(f))), (4, 3), (3, 3))
  assert (kept, again) == (4 * step, 6 * step)


def test_custom_rules():
  step = 2 * 4 * 3 * 3

  @jax.custom_vjp
  def f(x, w):
    return x @ w

  f.defvjp(lambda x, w: (f(x, w), (x, w)), lambda kept, d: (d @ kept[1].T, kept[1]))
  assert products(f, (4, 3), (3, 3)) == step
  assert products(jax.grad(squares(f), argnums=(0, 1)), (4, 3), (3, 3)) == 2 * step


def test_all_devices_together():
  mesh = jax.make_mesh((8,), ('data',), axis_types=(jax.sharding.AxisType.Auto,))
  f = jax.shard_map(
    jnp.matmul, mesh=mesh, in_specs=(P('data'), P()), out_specs=P('data')
  )
  assert products(f, (16, 3), (3, 5)) == 2 * 16 * 3 * 5


def test_what_cannot_be_counted_is_named():
  counted = flops.count(
    lambda x, w: jnp.linalg.cholesky(x) @ w, *arrays((3, 3), (3, 3))
  )
  assert counted.products == 2 * 3 * 3 * 3
  assert 'cholesky' in counted.unknown


@pytest.mark.parametrize('vocabulary', [None, 11])
def test_lstm(vocabulary):
  B, T, D, H = 2, 5, 11, 3
  model = recurrent.LSTM(H, vocabulary)
  x = jnp.zeros((B, T, D)) if vocabulary is None else jnp.zeros((B, T), int)
  variables = jax.eval_shape(model.init, jax.random.key(0), x)
  width = H if vocabulary else D + H  # a row of the kernel is gathered
  forward = 2 * B * T * 4 * H * width
  counted = flops.count(model.apply, variables, x)
  assert (counted.products, counted.unknown) == (forward, set())
  loss = squares(lambda variables: model.apply(variables, x)[1])
  # Of each product two gradients, but x is not learned.
  gradients = 2 * B * T * 4 * H * (2 * H + (0 if vocabulary else D))
  assert flops.count(jax.grad(loss), variables).products == forward + gradients


def steps(module, c):
  e = module.build(c)
  state = jax.eval_shape(functools.partial(train.init_state, e), jax.random.key(0))
  return flops.count(train.make_update(e.task, e.optimizers), state, e.data.spec.batch)


def test_step_of_lenet():
  B = 4
  c1 = 2 * (B * 28 * 28 * 6) * 5 * 5 * 1
  c3 = 2 * (B * 10 * 10 * 16) * 5 * 5 * 6
  dense = 2 * B * (400 * 120 + 120 * 84 + 84 * 10)
  counted = steps(lenet, lenet.Config(batch_size=B))
  assert counted.products == 3 * (c1 + c3 + dense) - c1  # no gradient to the image
  assert counted.products != 3 * (c1 + c3 + dense)
  assert not counted.unknown
  parameters = 61_706
  assert counted.rest > 10 * parameters  # AdamW alone


def test_step_of_a_gan():
  """Of the gradients that no optimizer reads, none counts."""
  B, Z = 4, 128
  g = Z * 256 + 256 * 512 + 512 * 784
  d = 784 * 512 + 512 * 256 + 256 * 1
  critic = g + 2 * (d + d + d - 784 * 512)  # on real images and on fakes
  maker = g + d + d + g + g - Z * 256  # through the critic, which does not move
  counted = steps(gan, gan.Config(batch_size=B, latent=Z))
  assert counted.products == 2 * B * (critic + maker)
  assert not counted.unknown


def test_a_convolution_counts_no_product_too_few():
  ranges = [range(1, 6), range(1, 4), (1, 2, 3), range(-2, 4), (1, 2, 3), (1, 2)]
  for inputs, window, stride, padding, hole, spread in itertools.product(*ranges):
    length = (inputs - 1) * hole + 1 + 2 * padding - (window - 1) * spread
    outputs = max(0, -(-length // stride))
    places = [
      o * stride + k * spread - padding for o in range(outputs) for k in range(window)
    ]
    true = sum(p % hole == 0 and 0 <= p // hole < inputs for p in places)
    counted = flops.meetings(
      inputs,
      outputs,
      window,
      stride=stride,
      before=padding,
      hole=hole,
      spread=spread,
    )
    assert true <= counted <= outputs * window
    if hole == 1 and padding <= 0:
      assert counted == true


def test_complex_products_are_four_real_ones():
  counted = flops.count(jnp.matmul, *arrays((4, 3), (3, 5), dtype=jnp.complex64))
  assert counted.products == 4 * (2 * 4 * 3 * 5)
