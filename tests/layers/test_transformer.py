"""Stacks of blocks: order, padding, causality, caches, and one scan for all layers."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import stack as stacks
from dl_core.layers import transformer
from dl_core.layers.multihead import ALL, Mask

B, T, D, L = 2, 6, 8, 3
block = functools.partial(transformer.Block, D, 2, 12)


def stack(order='post', scanned=False, cross=False, layers=L, dropout=0.0):
  own = functools.partial(block, order, cross, dropout=dropout)
  return stacks.Stack(own, layers, norm=order == 'pre', scanned=scanned)


def tokens(seed=0, time=T):
  draw = np.random.default_rng(seed)
  return jnp.asarray(draw.normal(size=(B, time, D)).astype(np.float32))


@functools.cache
def made(order='post', cross=False):
  """(variables, function of tokens and mask) of each kind of stack."""
  model = stack(order, cross=cross)
  look = lambda model, x: model(x, memory=model.project(x) if cross else None)
  variables = model.init(jax.random.key(0), tokens(), method=look)
  move = lambda leaf: leaf + 0.1 * jax.random.normal(jax.random.key(1), leaf.shape)
  variables = jax.tree.map(move, variables)
  call = lambda v, x, mask=ALL: model.apply(v, x, mask)[0]
  return variables, call


def test_every_parameter_of_a_stack_begins_with_the_layers():
  variables, _ = made()
  for leaf in jax.tree.leaves(variables['params']['blocks']):
    assert leaf.shape[0] == L


@pytest.mark.parametrize('order', transformer.ORDERS)
def test_without_positions_tokens_are_a_set(order):
  variables, call = made(order)
  x, shuffled = tokens(), np.array([3, 0, 5, 1, 4, 2])
  np.testing.assert_allclose(
    call(variables, x[:, shuffled]), call(variables, x)[:, shuffled], atol=1e-5
  )


@pytest.mark.parametrize('order', transformer.ORDERS)
def test_under_a_causal_mask_no_token_knows_a_later_one(order):
  variables, _ = made(order)
  model = stack(order)
  x = tokens()[:1]
  own = lambda x: model.apply(variables, x, Mask(causal=True))[0][0].sum(-1)
  jacobian = np.abs(np.asarray(jax.jit(jax.jacobian(own))(x)))[:, 0].sum(-1)  # [T, T]
  assert np.all(jacobian[np.triu_indices(T, 1)] == 0)
  assert np.all(jacobian[np.tril_indices(T)] > 0)


def test_padding_changes_nothing():
  variables, call = made()
  x, mask = tokens(), Mask(lengths=jnp.array([4, 4]))
  other = x.at[:, 4:].set(7.0)
  np.testing.assert_array_equal(
    call(variables, x, mask)[:, :4], call(variables, other, mask)[:, :4]
  )
  np.testing.assert_allclose(
    call(variables, x, mask)[:, :4], call(variables, x[:, :4]), atol=1e-6
  )


def test_two_texts_packed_in_a_row_are_two_rows():
  variables, call = made()
  numbers = jnp.array([[0, 0, 1, 1, 1, 1]] * B)
  x = tokens()
  packed = call(variables, x, Mask(causal=True, segments=(numbers, numbers)))
  first = call(variables, x[:, :2], Mask(causal=True))
  second = call(variables, x[:, 2:], Mask(causal=True))
  np.testing.assert_allclose(
    packed, jnp.concatenate([first, second], axis=1), atol=1e-6
  )


@pytest.mark.parametrize('cross', [False, True])
@pytest.mark.parametrize('scanned', [False, True])
def test_token_by_token_with_a_cache_is_the_same_as_at_once(cross, scanned):
  variables, _ = made('pre', cross)
  model, x = stack('pre', scanned, cross), tokens()
  memory = None
  if cross:
    look = lambda model, text: model.project(text)
    memory = model.apply(variables, tokens(3, 4), method=look)
  mask = Mask(causal=True)
  whole = model.apply(variables, x, mask, memory)[0]
  cache, found = model.empty(B, T + 2), []
  for piece in (x[:, :3], x[:, 3:4], x[:, 4:]):
    y, cache = model.apply(variables, piece, mask, memory, cache=cache)
    found.append(y)
  np.testing.assert_allclose(jnp.concatenate(found, axis=1), whole, atol=1e-5)
  assert int(cache.filled) == T


def test_a_scan_computes_what_unrolled_layers_compute():
  variables, _ = made('pre')
  weight = tokens(4)

  def total(scanned, variables):
    y, _ = stack('pre', scanned).apply(
      variables, tokens(), Mask(causal=True), train=True
    )
    return jnp.sum(y * weight)

  values = [
    jax.jit(jax.value_and_grad(functools.partial(total, scanned)))(variables)
    for scanned in (False, True)
  ]
  for plain, scanned in zip(*map(jax.tree.leaves, values), strict=True):
    np.testing.assert_allclose(scanned, plain, rtol=1e-4, atol=1e-5)


def test_a_scanned_stack_is_as_long_a_program_whatever_its_depth():
  def size(layers):
    model = stack('pre', True, layers=layers)
    x = tokens()
    shapes = jax.eval_shape(lambda key: model.init(key, x), jax.random.key(0))
    loss = lambda v: model.apply(v, x, Mask(causal=True), train=True)[0].sum()
    return len(jax.jit(jax.grad(loss)).lower(shapes).as_text())

  assert size(48) < 1.01 * size(12)


def test_each_layer_drops_other_units():
  model = stack('none', dropout=0.5, layers=2)
  x = jnp.ones((1, 4, D))
  variables = model.init(jax.random.key(0), x)
  same = jax.tree.map(lambda leaf: leaf.at[1].set(leaf[0]), variables)
  run = lambda key: model.apply(same, x, train=True, rngs={'dropout': key})[0]
  first, again, other = (run(jax.random.key(seed)) for seed in (0, 0, 1))
  np.testing.assert_array_equal(first, again)
  assert np.any(first != other)


def test_layer_norm_centres_and_scales_each_token():
  model = stack('pre', layers=1)
  x = 5 + 3 * tokens()
  variables = model.init(jax.random.key(0), x)
  y = np.asarray(model.apply(variables, x)[0])  # scale 1 and bias 0 at first
  np.testing.assert_allclose(y.mean(-1), 0, atol=1e-5)
  np.testing.assert_allclose(y.var(-1), 1, atol=1e-3)
  norm = variables['params']['last_norm']
  assert sum(leaf.size for leaf in jax.tree.leaves(norm)) == 2 * D
