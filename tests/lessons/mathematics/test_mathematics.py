"""Every claim of lecture 2 holds, and would not if it were not so."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.lessons.mathematics import (
  algebra,
  asymmetry,
  bayes,
  chance,
  covariance,
  plane,
  probability,
  samples,
  surprise,
)
from dl_core.tasks import information
from experiments import mathematics

RANDOM = np.random.default_rng(0)


def holds(*pictures):
  return [claim.holds for picture in pictures for claim in picture.claims]


def test_every_claim_holds_on_200_random_cases():
  c = mathematics.Config(samples=1_024)
  pictures = mathematics.draw(c)
  claims = [claim for picture in pictures for claim in picture.claims]
  assert [claim for claim in claims if not claim.holds] == []
  assert (len(pictures), len(claims)) == (13, 29)
  assert len({claim.sentence for claim in claims}) == 29
  assert all(claim.measured for claim in claims)


def test_the_seed_makes_the_cases():
  first, same, other = (
    [claim.measured for picture in plane.pictures(seed, 8) for claim in picture.claims]
    for seed in (0, 0, 1)
  )
  assert first == same != other


def test_every_law_but_commutativity_holds_in_both_precisions():
  three = [algebra.matrices(RANDOM, 50, algebra.N) for _ in range(3)]
  for found in algebra.in_both(algebra.errors, *three).values():
    worst = {law: error.max() for law, error in found.items()}
    assert worst.pop(algebra.COMMUTES) > 0.01
    assert max(worst.values()) < algebra.TOLERANCE, worst


def test_a_law_that_rounding_breaks_is_seen_and_a_square_commutes():
  near_singular = algebra.matrices(RANDOM, 4, algebra.N) * np.geomspace(1, 1e-5, 6)
  both = {
    name: algebra.errors(np, *[near_singular.astype(kind)] * 3)
    for name, kind in ((algebra.SINGLE, np.float32), (algebra.DOUBLE, np.float64))
  }
  assert both[algebra.SINGLE]['A⁻¹A = I'].max() > algebra.TOLERANCE
  # A times itself commutes.
  assert holds(algebra.laws_picture(both)) == [False]


def test_a_rank_is_one_number_and_no_other():
  ranks = np.array([2, 3, 4, 6])
  made = np.stack([algebra.matrices(RANDOM, 4, rank) for rank in (2, 3, 5, 6)])
  assert np.linalg.matrix_rank(made).tolist() == [[rank] * 4 for rank in (2, 3, 5, 6)]
  both = dict.fromkeys((algebra.SINGLE, algebra.DOUBLE), algebra.relative(np, made))
  columns = np.full((2, 4), 6)  # the dependent column was none
  assert holds(algebra.rank_picture(ranks, both, columns)) == [False, False]


def test_vectors_without_length_have_no_ratio_of_norms():
  with np.errstate(invalid='ignore'):
    found = plane.norms_picture(np.zeros((2, 3)), np.ones((2, 3)))
  assert holds(found) == [True, False]


def test_tables_without_a_chain_rule_or_that_are_dependent_are_found_out(monkeypatch):
  tables = chance.tables(RANDOM, 8, 3, 4, 5)
  assert holds(chance.joint_picture(tables)) == [True]
  monkeypatch.setattr(probability, 'chain', lambda joint: [joint, joint, joint])
  assert holds(chance.joint_picture(tables)) == [False]
  assert holds(chance.independence_picture(tables)) == [False, True]


def test_people_who_are_not_as_bayes_says_are_found_out():
  tables = chance.tables(RANDOM, 8, 3, 4, 5)
  healthy = np.array([[95_000, 5_000], [0, 0]])
  assert holds(bayes.bayes_picture(healthy, tables)) == [True, False, True]


def test_covariance_is_not_found_where_it_is_not():
  (picture,) = covariance.pictures(0, 8, 64)
  z = RANDOM.normal(size=(8, 2_000, 2))
  alone, line = covariance.Cloud(z, np.eye(2)), z[..., :1] * np.ones(2)
  clouds = {
    'said to be tilted': alone._replace(closed=np.array([[1, 0.8], [0.8, 1]])),
    'round': alone,
    'said to be bent': covariance.Cloud(line, np.eye(2)),
  }
  found = covariance.picture(clouds, chance.tables(RANDOM, 8, 4, 5), RANDOM)
  assert holds(found) == [True, False, False, False]
  assert len(picture.claims) == len(found.claims)


def test_a_loaded_die_does_not_near_3_and_a_half():
  loaded = RANDOM.choice(np.arange(1, 7), (50, 1_000), p=[0.1, 0.1, 0.2, 0.2, 0.2, 0.2])
  assert holds(samples.die_picture(loaded)) == [True, False]


class Stuck(NamedTuple):
  """What is drawn once and then over and over."""

  mean: float = 0.0
  variance: float = 1.0

  def sample(self, key, shape):
    return jnp.broadcast_to(jax.random.normal(key, (shape[0], 1)), shape)

  def log_prob(self, x):
    return -jnp.abs(x)

  def entropy(self):
    return 0.0


def test_draws_that_are_not_independent_do_not_near_the_closed_form():
  errors = samples.monte_carlo(jax.random.key(0), Stuck(), 50, 200)
  np.testing.assert_array_equal(errors.counts, [8, 16, 32, 64, 128])
  np.testing.assert_allclose(errors.slope, 0, atol=1e-6)
  picture = samples.monte_carlo_picture({'stuck': errors})
  assert holds(picture) == [False, False, False]


def test_divergence_is_not_found_where_there_is_none():
  p = chance.tables(RANDOM, 8, 6)
  assert holds(surprise.bars_picture(p, p)) == [True, False]
  fitted = asymmetry.fits()
  swapped = fitted._replace(best=fitted.best[::-1])
  assert holds(asymmetry.picture(p, p, swapped)) == [False, False]


def test_a_sum_that_is_off_alike_on_both_sides_is_found_out(monkeypatch):
  p, q = (chance.tables(RANDOM, 8, 6) for _ in range(2))
  measure = surprise.measure
  assert holds(surprise.bars_picture(p, q)) == [True, True]

  def off(p, q):
    found = measure(p, q)
    return found._replace(there=found.there + 0.01, crossed=found.crossed + 0.01)

  monkeypatch.setattr(surprise, 'measure', off)
  assert holds(surprise.bars_picture(p, q)) == [False, True]


def test_a_uniform_table_with_less_than_log_k_is_found_out(monkeypatch):
  p, entropy = chance.tables(RANDOM, 8, 6), information.entropy
  assert holds(surprise.coin_picture(p)) == [True, True]
  monkeypatch.setattr(information, 'entropy', lambda p: 0.99 * entropy(p))
  assert holds(surprise.coin_picture(p))[1] is False


def test_sampled_covariances_are_unbiased():
  points = RANDOM.normal(size=(3, 4, 2))
  wanted = [np.cov(each.T)[0, 1] for each in points]
  cloud = covariance.Cloud(points, np.eye(2))
  np.testing.assert_allclose(cloud.sampled, wanted)


def test_the_gaussian_nearest_to_a_mixture_has_its_moments_or_those_of_a_part():
  (mean, width), (bump, narrow) = asymmetry.fits().best
  np.testing.assert_allclose([mean, width], [0, (4 + 0.49) ** 0.5], atol=0.05)
  np.testing.assert_allclose([abs(bump), narrow], [2, 0.7], atol=0.1)


@pytest.mark.parametrize('sides', [(6,), (3, 4, 5)])
def test_random_tables_are_tables(sides):
  tables = chance.tables(RANDOM, 8, *sides)
  assert tables.shape == (8, *sides)
  np.testing.assert_allclose(np.sum(tables.reshape(8, -1), axis=1), 1, rtol=1e-6)
