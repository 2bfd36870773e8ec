"""Lengths, directions and levels of recurrent layers."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import recurrent, sequences

MANY, STEPS, WIDTH, HIDDEN = 4, 7, 5, 6
LENGTHS = np.array([7, 1, 4, 5])


@pytest.fixture(params=['lstm', 'gru', 'rnn'])
def cell(request):
  return functools.partial(sequences.CELLS[request.param], HIDDEN)


def stacked(cell):
  return sequences.Stacked(cell, 2, bidirectional=True, dropout=0.5)


@pytest.fixture(
  params=[
    ('lstm', lambda cell: cell(), 1),
    ('lstm', lambda cell: cell(reverse=True), 1),
    ('gru', sequences.Bidirectional, 2),
    ('rnn', stacked, 2),
  ],
  ids=['one way', 'reversed', 'both ways', 'stacked'],
)
def layer(request):
  """A layer of each kind, with its number of directions."""
  name, make, directions = request.param
  return make(functools.partial(sequences.CELLS[name], HIDDEN)), directions


def inputs(*shape, seed=0):
  return jax.random.normal(jax.random.key(seed), shape or (MANY, STEPS, WIDTH))


def params_of(layer, x=None):
  """Draws all parameters at random, the biases with them."""
  shapes = jax.eval_shape(layer.init, jax.random.key(0), inputs() if x is None else x)
  leaves, tree = jax.tree.flatten(shapes['params'])
  drawn = [0.5 * inputs(*leaf.shape, seed=1 + i) for i, leaf in enumerate(leaves)]
  return {'params': jax.tree.unflatten(tree, drawn)}


def padded(x, value=0.0):
  """Puts a value where sequences have ended."""
  ended = np.arange(x.shape[1])[None, :, None] >= LENGTHS[:, None, None]
  return jnp.where(ended, value, x)


def test_padding_changes_no_bit_and_no_gradient(layer):
  layer, _ = layer
  params, x = params_of(layer), padded(inputs())
  more = jnp.concatenate([padded(x, 1e30), jnp.full((MANY, 3, WIDTH), -1e30)], axis=1)
  weight = inputs(MANY, STEPS, 1, seed=3)

  def loss(params, x):
    state, h = layer.apply(params, x, lengths=jnp.array(LENGTHS))
    ends = sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(state))
    return jnp.sum(weight * h[:, :STEPS] ** 2) + ends, (state, h)

  run = jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))
  (_, (state, h)), (by_params, by_x) = run(params, x)
  (_, (state_more, h_more)), (by_params_more, by_x_more) = run(params, more[:, :STEPS])
  chex.assert_trees_all_equal(state, state_more)
  chex.assert_trees_all_equal(h, h_more)
  chex.assert_trees_all_equal((by_params, by_x), (by_params_more, by_x_more))
  np.testing.assert_array_equal(padded(by_x), by_x)
  apply = jax.jit(layer.apply)
  (state, h), (state_more, h_more) = (
    apply(params, each, lengths=LENGTHS) for each in (x, more)
  )
  chex.assert_trees_all_equal(state, state_more)
  np.testing.assert_array_equal(h_more, jnp.pad(h, ((0, 0), (0, 3), (0, 0))))


def test_a_batch_is_its_rows_one_by_one(layer):
  layer, directions = layer
  params, x = params_of(layer), inputs()
  apply = jax.jit(layer.apply)
  state, h = apply(params, x, lengths=LENGTHS)
  chex.assert_shape(h, (MANY, STEPS, directions * HIDDEN))
  for row, length in enumerate(LENGTHS):
    alone, said = apply(params, x[row : row + 1, :length])
    mine = jax.tree.map(lambda leaf: leaf[row : row + 1], state)  # noqa: B023
    chex.assert_trees_all_close(mine, alone, atol=1e-6)
    chex.assert_trees_all_close(h[row : row + 1, :length], said, atol=1e-6)
    np.testing.assert_array_equal(h[row, length:], 0)


def test_full_lengths_are_none(layer):
  layer, _ = layer
  params, x = params_of(layer), inputs()
  full = layer.apply(params, x, lengths=np.full(MANY, STEPS))
  chex.assert_trees_all_close(full, layer.apply(params, x), atol=1e-6)


def test_gradients_with_lengths_are_the_sums_of_the_rows(layer):
  layer, _ = layer
  params, x = params_of(layer), padded(inputs())

  def loss(params, x, lengths):
    state, h = layer.apply(params, x, lengths=lengths)
    return jnp.sum(h**2) + sum(jnp.sum(leaf**3) for leaf in jax.tree.leaves(state))

  found = jax.jit(jax.grad(loss))(params, x, jnp.array(LENGTHS))
  one = jax.jit(lambda params, x: jax.grad(loss)(params, x, None))
  rows = [one(params, x[i : i + 1, :length]) for i, length in enumerate(LENGTHS)]
  expected = jax.tree.map(lambda *each: sum(each), *rows)
  chex.assert_trees_all_close(found, expected, rtol=1e-4, atol=1e-5)


def test_backward_reads_the_reversed_sequence(cell):
  params, x = params_of(cell()), inputs()
  state, h = cell(reverse=True).apply(params, x)
  expected = cell().apply(params, x[:, ::-1])
  chex.assert_trees_all_close((state, h[:, ::-1]), expected, atol=1e-6)


def test_the_state_goes_in_and_is_held(layer):
  layer, _ = layer
  params, x = params_of(layer), inputs()
  start = jax.tree.map(lambda leaf: leaf + 0.3, layer.start(MANY))
  state, h = layer.apply(params, x, start, np.zeros(MANY, int))
  if 'recurrent_1' not in params['params']:
    chex.assert_trees_all_equal(state, start)
  np.testing.assert_array_equal(h, 0)
  moved, _ = layer.apply(params, x, start)
  chex.assert_trees_all_equal_shapes(moved, start)
  assert not np.allclose(jax.tree.leaves(moved)[0], jax.tree.leaves(state)[0])


def test_the_last_states_say_what_was_said_last(layer):
  layer, directions = layer
  params, x = params_of(layer), inputs()
  state, h = layer.apply(params, x, lengths=LENGTHS)
  said = layer.said(state)
  chex.assert_shape(said, (MANY, directions * HIDDEN))
  last, first = h[np.arange(MANY), LENGTHS - 1], h[:, 0]
  if directions == 2:
    expected = jnp.concatenate([last[:, :HIDDEN], first[:, HIDDEN:]], axis=1)
  else:
    expected = first if layer.reverse else last
  np.testing.assert_array_equal(said, expected)


def test_only_both_directions_see_the_future(cell):
  def reached(layer):
    params = params_of(layer)
    _, pull = jax.vjp(lambda x: layer.apply(params, x)[1][:, 2], inputs())
    (moved,) = pull(jnp.ones_like(layer.apply(params, inputs())[1][:, 2]))
    return np.asarray(jnp.any(moved != 0, axis=(0, 2)))

  np.testing.assert_array_equal(
    reached(sequences.Stacked(cell, 2)), np.arange(STEPS) <= 2
  )
  both = sequences.Stacked(cell, 2, bidirectional=True)
  np.testing.assert_array_equal(reached(both), True)


def test_dropout_hits_what_goes_up_and_leaves_the_last_outputs_whole():
  layer = sequences.Stacked(functools.partial(recurrent.RNN, 64), 2, dropout=0.5)
  params, x = params_of(layer), inputs()
  run = functools.partial(
    layer.apply, params, x, train=True, rngs={'dropout': jax.random.key(1)}
  )
  state, h = run()
  whole_state, whole = layer.apply(params, x)
  chex.assert_trees_all_equal(state[0], whole_state[0])
  assert not np.allclose(h, whole)
  assert np.all(np.asarray(h) != 0)
  one = sequences.Stacked(functools.partial(recurrent.RNN, 64), 1, dropout=0.5)
  chex.assert_trees_all_equal(
    one.apply(params_of(one), x, train=True), one.apply(params_of(one), x)
  )


def test_tokens_are_read_as_if_they_were_one_hot(cell):
  tokens = jax.random.randint(jax.random.key(3), (MANY, STEPS), 0, WIDTH)
  lookup = sequences.Stacked(cell, 2, vocabulary=WIDTH, bidirectional=True)
  plain = sequences.Stacked(cell, 2, bidirectional=True)
  params = params_of(plain)
  found = lookup.apply(params, tokens, lengths=LENGTHS)
  expected = plain.apply(params, jax.nn.one_hot(tokens, WIDTH), lengths=LENGTHS)
  chex.assert_trees_all_close(found, expected, atol=1e-6)


@pytest.mark.parametrize(
  ('name', 'f'),
  [
    ('tanh', np.tanh),
    ('sigmoid', lambda a: 1 / (1 + np.exp(-a))),
    ('relu', lambda a: np.maximum(a, 0)),
    ('identity', lambda a: a),
  ],
)
def test_an_rnn_applies_its_activation(name, f):
  layer = recurrent.RNN(HIDDEN, activation=name)
  params, x = params_of(layer), inputs()
  w, u, b = (
    np.asarray(params['params'][part], np.float64)
    for part in ('input_kernel', 'recurrent_kernel', 'bias')
  )
  h, said = np.zeros((MANY, HIDDEN)), []
  for t in range(STEPS):
    h = f(np.asarray(x[:, t], np.float64) @ w + h @ u + b)
    said.append(h)
  np.testing.assert_allclose(
    layer.apply(params, x)[1], np.stack(said, axis=1), rtol=1e-4, atol=1e-5
  )


@pytest.mark.parametrize('name', ['tanh', 'sigmoid', 'relu', 'identity'])
def test_the_gradient_of_an_activation_is_what_jax_derives(name):
  layer = recurrent.RNN(HIDDEN, activation=name)
  f = {'tanh': jnp.tanh, 'sigmoid': jax.nn.sigmoid, 'relu': jax.nn.relu}.get(
    name, lambda a: a
  )
  params, x = params_of(layer)['params'], inputs()

  def by_steps(params):
    h, total = jnp.zeros((MANY, HIDDEN)), 0.0
    for t in range(STEPS):
      a = x[:, t] @ params['input_kernel'] + h @ params['recurrent_kernel']
      h = f(a + params['bias'][None])
      total += jnp.sum(h**2) / 2
    return total

  ours = lambda params: jnp.sum(layer.apply({'params': params}, x)[1] ** 2) / 2
  found, expected = jax.jit(jax.grad(ours))(params), jax.jit(jax.grad(by_steps))(params)
  chex.assert_trees_all_close(found, expected, rtol=1e-4, atol=1e-3)
