"""What stands after a sentence says nothing; attention is a mean of what is inside."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import recurrent_classifier

LENGTHS = np.array([7, 1, 4])


def made(**how):
  return recurrent_classifier.RecurrentClassifier(
    11, 3, hidden=5, embedding=4, **({'bidirectional': True} | how)
  )


def drawn(seed, width=7):
  tokens = jax.random.randint(jax.random.key(seed), (3, width), 0, 11)
  return {'tokens': tokens, 'lengths': LENGTHS}


@pytest.mark.parametrize('pool', recurrent_classifier.POOLS)
@pytest.mark.parametrize(('layers', 'grams'), [(1, 1), (2, 1), (1, 3)])
def test_padding_changes_nothing(pool, layers, grams):
  model, x = made(pool=pool, layers=layers, grams=grams), drawn(0)
  variables = model.init(jax.random.key(1), x, train=False)
  say = jax.jit(lambda x: model.apply(variables, x, train=False))
  inside = jnp.arange(7)[None] < LENGTHS[:, None]
  other = jnp.where(inside, x['tokens'], drawn(1)['tokens'])
  assert not np.array_equal(other, x['tokens'])
  logits = say(x)
  np.testing.assert_array_equal(say(x | {'tokens': other}), logits)
  wide = jnp.pad(x['tokens'], ((0, 0), (0, 4)))
  np.testing.assert_allclose(say(x | {'tokens': wide}), logits, rtol=1e-5, atol=1e-6)
  for row, length in enumerate(LENGTHS):
    alone = {'tokens': x['tokens'][row : row + 1, :length], 'lengths': LENGTHS[[row]]}
    np.testing.assert_allclose(
      model.apply(variables, alone, train=False)[0], logits[row], rtol=1e-5, atol=1e-6
    )
  # What stands inside does change it.
  again = say(x | {'tokens': (x['tokens'] + 1) % 11})
  assert np.abs(np.asarray(again - logits)).max(axis=1).min() > 1e-4


def test_attention_is_a_distribution_over_the_tokens_of_a_sentence():
  model, x = made(pool='attention'), drawn(0)
  variables = model.init(jax.random.key(1), x, train=False)
  weights = np.asarray(model.apply(variables, x, method='attention'))
  np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
  for row, length in enumerate(LENGTHS):
    assert (weights[row, :length] > 0).all()
    assert (weights[row, length:] == 0).all()


def test_the_last_state_is_not_the_mean():
  x, said = drawn(0), {}
  for pool in ('last', 'mean'):
    model = made(pool=pool, bidirectional=False)
    variables = model.init(jax.random.key(1), x, train=False)
    said[pool] = np.asarray(model.apply(variables, x, train=False))
  # The same weights, and the same of a sentence of one token alone.
  np.testing.assert_allclose(said['last'][1], said['mean'][1], rtol=1e-5)
  assert np.abs(said['last'][0] - said['mean'][0]).max() > 1e-3


def test_words_become_unknown_in_training_alone():
  model = made(word_dropout=0.5, unknown=3)
  x = drawn(0)
  variables = model.init(jax.random.key(1), x, train=False)
  say = lambda key: model.apply(variables, x, train=True, rngs={'dropout': key})
  one, other = (np.asarray(say(jax.random.key(n))) for n in (0, 1))
  assert np.abs(one - other).max() > 1e-4
  every = made(word_dropout=1 - 1e-7, unknown=3)
  unknown = x | {'tokens': jnp.full((3, 7), 3)}
  np.testing.assert_allclose(
    every.apply(variables, x, train=True, rngs={'dropout': jax.random.key(0)}),
    model.apply(variables, unknown, train=False),
    rtol=1e-5,
    atol=1e-6,
  )
  plain = made(word_dropout=0.5)  # there is no such token
  np.testing.assert_array_equal(
    plain.apply(variables, x, train=True, rngs={'dropout': jax.random.key(0)}),
    plain.apply(variables, x, train=False),
  )
