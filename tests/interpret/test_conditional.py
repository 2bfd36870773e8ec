"""Samples of the class that was asked for are counted, beside a control."""

import jax
import numpy as np
import pytest

from dl_core.interpret import conditional
from dl_core.interpret.judge import Judge, Names

K, N = 4, 400


def generator(right):
  """Returns a generator that draws the class asked for in a share of the samples."""

  def sample(variables, key, classes):
    del variables, key
    drawn = np.asarray(classes).copy()
    missed = np.arange(len(drawn)) // K % 100 >= 100 * right
    drawn[missed] = (drawn[missed] + 1) % K
    return np.broadcast_to(drawn[:, None, None, None] / K, (len(drawn), 4, 4, 1))

  def name(images):
    said = np.rint(images[:, 0, 0, 0] * K).astype(int)
    features = np.random.default_rng(0).normal(size=(len(said), 3))
    return Names(said, np.ones(len(said)), features, K)

  real = lambda: name(sample(None, None, np.arange(N) % K))
  judge = Judge(name, real, real, lambda: 1.0)
  return conditional.Generator(sample, K, judge, N)


@pytest.mark.parametrize('right', [0.5, 0.94, 0.96])
def test_the_share_of_samples_of_the_class_is_counted(right):
  found = conditional.scores(generator(right))({}, None, jax.random.key(0))
  assert found['asked'] == pytest.approx(right)
  rows, bars = conditional.pictures(
    generator(right), {}, jax.random.key(0), ('a', 'b', 'c', 'd')
  )
  (claim,) = bars.claims
  assert claim.holds == (right >= 0.95)
  assert claim.measured.startswith(f'{right:.1%}; ')
  control = float(claim.measured.split('; ')[1].split('%')[0])
  assert control == pytest.approx(100 / K, abs=8)
  assert rows.draw()


def test_every_class_is_asked_for_as_often():
  assert np.bincount(conditional.classes_of(K, N)).tolist() == [N // K] * K


def test_a_row_asks_for_its_class_with_the_random_numbers_of_the_others():
  asked = []

  def sample(variables, key, classes):
    asked.append((jax.random.key_data(key).tolist(), set(np.asarray(classes).tolist())))
    return np.zeros((len(classes), 4, 4, 1))

  of = generator(1.0)._replace(sample=sample)
  conditional.by_class(of, {}, jax.random.key(0), ('a', 'b', 'c', 'd'))
  keys, classes = zip(*asked, strict=True)
  assert all(key == keys[0] for key in keys)
  assert classes == ({0}, {1}, {2}, {3})
