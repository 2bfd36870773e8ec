"""Dropout: how much is dropped, what is kept, and that bytes of a word are apart."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from dl_core.layers.dropout import Dropout, drawn, dropped, threshold


@pytest.mark.parametrize('rate', [0.1, 0.5, 0.9])
def test_the_share_that_is_dropped_and_the_mean_are_those_of_the_rate(rate):
  x = jnp.ones((400, 1_003))
  y = np.asarray(dropped(jax.random.key(0), x, rate))
  exact = 1 - threshold(rate) / 256
  assert abs(exact - rate) <= 1 / 512
  error = np.sqrt(exact * (1 - exact) / y.size)
  assert abs((y == 0).mean() - exact) < 4 * error
  assert set(np.unique(y)) == {np.float32(0), np.float32(1 / (1 - exact))}


def test_the_bytes_of_one_word_are_uniform_and_independent():
  found = np.asarray(drawn(jax.random.key(1), (50_000, 4)))
  for column in found.T:
    assert stats.chisquare(np.bincount(column, minlength=256)).pvalue > 1e-4
  for one in range(4):
    for other in range(one):
      table = np.histogram2d(found[:, one], found[:, other], 8)[0]
      assert stats.chisquare(table.ravel()).pvalue > 1e-4


def test_it_draws_anew_at_each_call_and_does_nothing_in_evaluation():
  x, model = jnp.ones((8, 10)), Dropout(0.5)
  apply = lambda key, train=True: model.apply({}, x, train=train, rngs={'dropout': key})
  first, second = jax.random.split(jax.random.key(0))
  np.testing.assert_array_equal(apply(first), apply(first))
  assert np.any(apply(first) != apply(second))
  np.testing.assert_array_equal(apply(first, train=False), x)
  np.testing.assert_array_equal(Dropout(0.0).apply({}, x, train=True), x)


@pytest.mark.parametrize('rate', [-0.1, 1.0])
def test_an_impossible_rate_is_refused(rate):
  with pytest.raises(ValueError, match='no dropout rate'):
    threshold(rate)


def test_the_number_dropped_varies_from_block_to_block_as_of_independent_draws():
  """A sequence that is not mixed is spread too evenly."""
  kept = np.asarray(drawn(jax.random.key(3), (2_000, 256))) < 128
  for blocks in (kept, kept[:, ::4]):
    assert 0.85 < blocks.sum(axis=1).var() / (blocks.shape[1] / 4) < 1.15
