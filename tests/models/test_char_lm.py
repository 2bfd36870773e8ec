"""The character model reads only the past and learns hello."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dl_core.models import char_lm
from dl_core.tasks import measures

CELLS = ['lstm', 'gru', 'rnn']
X = jax.random.randint(jax.random.key(1), (3, 6), 0, 5)


def model_of(cell, **changes):
  return char_lm.CharLM(5, cell=cell, layers=2, hidden=7, **changes)


def variables_of(model, x=X):
  return jax.jit(model.init, static_argnames='train')(jax.random.key(0), x, train=False)


@functools.partial(jax.jit, static_argnums=0)
def logits_of(model, variables, x):
  return model.apply(variables, x, train=False)


@functools.partial(jax.jit, static_argnums=0)
def advance(model, variables, state, x):
  return model.apply(variables, state, x, method='advance')


@pytest.mark.parametrize('cell', CELLS)
def test_reading_on_from_a_state_equals_reading_all_at_once(cell):
  model = model_of(cell, dropout=0.5)
  variables = variables_of(model)
  whole = logits_of(model, variables, X)
  state, parts = model.start(3), []
  for piece in (X[:, :1], X[:, 1:4], X[:, 4:]):
    state, logits = advance(model, variables, state, piece)
    parts.append(logits)
  chex.assert_shape(whole, (3, 6, 5))
  chex.assert_trees_all_close(jnp.concatenate(parts, axis=1), whole, atol=1e-6)


@pytest.mark.parametrize('cell', CELLS)
def test_later_tokens_do_not_change_earlier_logits(cell):
  model = model_of(cell)
  variables = variables_of(model)
  changed = X.at[:, 3:].set((X[:, 3:] + 1) % 5)
  before, after = (logits_of(model, variables, x) for x in (X, changed))
  chex.assert_trees_all_equal(before[:, :3], after[:, :3])
  assert jnp.all(jnp.any(before[:, 3:] != after[:, 3:], axis=-1))


def test_dropout_spares_what_goes_on_in_time():
  model = char_lm.CharLM(5, layers=1, hidden=7, dropout=0.5)
  variables = variables_of(model)

  def read(key, train):
    state, logits = model.apply(
      variables, model.start(3), X, train, method='read', rngs={'dropout': key}
    )
    return state, logits

  quiet = read(jax.random.key(0), False)
  noisy, other = (read(jax.random.key(seed), True) for seed in (0, 1))
  chex.assert_trees_all_equal(quiet[0], noisy[0])
  assert jnp.any(noisy[1] != other[1])


def test_it_learns_to_go_on_from_h_with_ello():
  """The lecture's first example: four tokens, one word."""
  tokens = 'helo'
  x = jnp.array([[tokens.index(s) for s in 'hell']])
  y = jnp.array([[tokens.index(s) for s in 'ello']])
  model = char_lm.CharLM(4, cell='rnn', layers=1, hidden=3)
  optimizer = optax.adam(0.1)

  def mean_loss(params):
    logits = model.apply({'params': params}, x, train=True)
    return jnp.mean(measures.cross_entropy(logits, y))

  def update(state, _):
    params, moments = state
    value, gradient = jax.value_and_grad(mean_loss)(params)
    change, moments = optimizer.update(gradient, moments)
    return (optax.apply_updates(params, change), moments), value

  params = variables_of(model, x)['params']
  state = params, optimizer.init(params)
  (params, _), losses = jax.jit(lambda s: jax.lax.scan(update, s, length=200))(state)
  logits = logits_of(model, {'params': params}, x)
  said = ''.join(tokens[number] for number in np.argmax(logits[0], axis=-1))
  assert said == 'ello'
  assert losses[-1] < 0.05 < losses[0]
