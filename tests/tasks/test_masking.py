"""Masking: how many places, which, and what becomes of them."""

import jax
import numpy as np
from scipy import stats

from dl_core.tasks import masking
from dl_core.types import Batch

V, MASK, SPECIAL = 50, 4, (0, 1, 2, 3, 4)
B, T, RATE = 4_000, 40, 0.15


def hidden(seed=0):
  draw = np.random.default_rng(0)
  lengths = draw.integers(6, T + 1, size=B)
  tokens = draw.integers(5, V, size=(B, T))
  tokens[:, 0] = 2
  rows = np.arange(B)
  tokens[rows, lengths - 1] = 3
  tokens[np.arange(T)[None] >= lengths[:, None]] = 0
  x = {'tokens': tokens.astype(np.int32), 'lengths': lengths.astype(np.int32)}
  batch = Batch(x, {'next': lengths}, {'next': np.ones(B)})
  corrupt = masking.masked(RATE, V, MASK, SPECIAL)
  return batch, jax.device_get(jax.jit(corrupt)(jax.random.key(seed), batch))


def test_the_share_of_each_kind_and_the_places_pass_a_chi_square_test():
  before, after = hidden()
  weight = after.weight['masked'] > 0
  now = np.take_along_axis(after.x['tokens'], after.x['places'], 1)[weight]
  old = after.y['masked'][weight]
  np.testing.assert_array_equal(
    old, np.take_along_axis(before.x['tokens'], after.x['places'], 1)[weight]
  )
  count = len(now)
  assert count > 10_000
  other = (now != MASK) & (now != old)
  # One random token in 45 is the old one.
  random = masking.RANDOM * 44 / 45
  kinds = [(now == MASK).sum(), other.sum(), (now == old).sum()]
  expected = np.array([masking.HIDDEN, random, 1 - masking.HIDDEN - random]) * count
  assert stats.chisquare(kinds, expected).pvalue > 0.01
  drawn = np.bincount(now[other], minlength=V)[5:]
  assert stats.chisquare(drawn).pvalue > 0.01
  assert not np.isin(now[other], SPECIAL).any()
  full = before.x['lengths'] == T  # of full texts every place is as likely
  places = after.x['places'][full][weight[full]]
  assert stats.chisquare(np.bincount(places, minlength=T)[1 : T - 1]).pvalue > 0.01


def test_as_many_are_asked_for_as_the_length_of_a_text_wants():
  before, after = hidden()
  counts = after.weight['masked'].sum(axis=1)
  wanted = np.maximum(
    1, np.round(np.float32(RATE) * before.x['lengths'].astype(np.float32))
  )
  np.testing.assert_array_equal(counts, np.minimum(wanted, before.x['lengths'] - 2))


def test_no_mark_is_asked_for_and_nothing_else_changes():
  before, after = hidden()
  weight = after.weight['masked'] > 0
  assert not np.isin(after.y['masked'][weight], SPECIAL).any()
  same = after.x['tokens'] == before.x['tokens']
  rows, columns = np.nonzero(~same)
  asked = [set(p[w]) for p, w in zip(after.x['places'], weight, strict=True)]
  assert all(column in asked[row] for row, column in zip(rows, columns, strict=True))
  np.testing.assert_array_equal(after.y['next'], before.y['next'])


def test_evaluation_hides_the_same_and_training_something_else():
  _, one = hidden(1)
  _, again = hidden(1)
  _, other = hidden(2)
  np.testing.assert_array_equal(one.x['places'], again.x['places'])
  assert (one.x['places'] != other.x['places']).any()


def test_of_examples_that_fill_a_batch_up_nothing_is_asked():
  before, _ = hidden()
  weight = np.arange(B) < 3
  corrupt = masking.masked(RATE, V, MASK, SPECIAL)
  after = corrupt(
    jax.random.key(0), before._replace(weight={'next': weight.astype(np.float32)})
  )
  np.testing.assert_array_equal(np.any(after.weight['masked'] > 0, axis=1), weight)
