"""N-grams are told apart by a hash, and end where their sequence ends."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import hashed

TOKENS = np.array([[3, 1, 2, 1, 2, 0, 5]])


def codes(tokens, length, n):
  return np.asarray(hashed.coded(jnp.asarray(tokens), jnp.array([length]), n))[0]


@pytest.mark.parametrize('n', [2, 3, 4])
def test_equal_ngrams_have_equal_codes_and_others_differ(n):
  rows = {}
  for word in itertools.product(range(4), repeat=5):
    marked = ('^',) * (n - 2) + word + ('$',)
    for place, code in enumerate(codes(np.array([word]), 5, n)):
      rows.setdefault(marked[place : place + n], set()).add(int(code))
  assert all(len(found) == 1 for found in rows.values())
  assert len(set().union(*rows.values())) == len(rows)


def test_what_follows_a_sequence_is_in_no_ngram():
  changed = TOKENS.copy()
  changed[0, 4:] = 7
  for n in (2, 3, 4):
    short = codes(TOKENS[:, :4], 4, n)
    np.testing.assert_array_equal(codes(TOKENS, 4, n)[:4], short)
    np.testing.assert_array_equal(codes(changed, 4, n)[:4], short)
    assert codes(TOKENS, 5, n)[3] != short[3]  # there the end is not next


def test_codes_are_spread_over_the_rows_of_a_table():
  words = np.array(list(itertools.product(range(16), repeat=3)))
  lengths = jnp.full(len(words), 3)
  found = np.asarray(hashed.coded(jnp.asarray(words), lengths, 3))[:, 1] % 1024
  counts = np.bincount(found, minlength=1024)
  # 4,096 trigrams over 1,024 rows: chi-square of as many degrees of freedom.
  chi = ((counts - 4) ** 2 / 4).sum()
  assert 850 < chi < 1200


def test_dropout_leaves_whole_ngrams_out_in_training_alone():
  layer = hashed.Ngrams(4, 3, rows=64, dropout=0.5)
  tokens, lengths = jnp.asarray(TOKENS), jnp.array([7])
  variables = layer.init(jax.random.key(0), tokens, lengths, train=False)
  said = layer.apply(variables, tokens, lengths, train=False)
  tables = [variables['params'][f'gram_{n}']['embedding'] for n in (2, 3)]
  parts = [
    np.asarray(table[codes(TOKENS, 7, n) % 64])
    for n, table in zip((2, 3), tables, strict=True)
  ]
  np.testing.assert_allclose(said[0], sum(parts), rtol=1e-6)
  drawn = layer.apply(
    variables, tokens, lengths, train=True, rngs={'dropout': jax.random.key(1)}
  )
  choices = [a * parts[0] + b * parts[1] for a in (0, 2) for b in (0, 2)]
  apart = np.stack(
    [np.abs(np.asarray(drawn[0]) - each).max(axis=1) for each in choices]
  )
  assert (apart.min(axis=0) < 1e-6).all()
  assert len(set(apart.argmin(axis=0))) > 1
