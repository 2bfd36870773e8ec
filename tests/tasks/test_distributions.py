"""Three distributions, against scipy, numerical integrals and their own samples."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from dl_core.tasks.distributions import Bernoulli, Exponential, Gaussian

PARAMETERS = {
  Bernoulli: ([0.2, 0.5, 0.9],),
  Gaussian: ([-1.0, 0.0, 2.0], [-1.0, 0.0, 1.5]),
  Exponential: ([0.4, 1.0, 3.0],),
}
OTHERS = {
  Bernoulli: ([0.3, 0.5, 0.6],),
  Gaussian: ([0.0, 0.5, 2.0], [0.3, -0.5, 1.5]),
  Exponential: ([1.0, 1.5, 2.0],),
}
FAMILIES = pytest.mark.parametrize('family', PARAMETERS)


def of(family, parameters):
  return family(*map(jnp.float32, parameters[family]))


def scipys(family):
  if family is Bernoulli:
    return stats.bernoulli(PARAMETERS[family][0])
  if family is Gaussian:
    mean, logvar = np.array(PARAMETERS[family])
    return stats.norm(mean, np.exp(logvar / 2))
  return stats.expon(scale=1 / np.array(PARAMETERS[family][0]))


def outcomes(family):
  """Values [X, 1] and what they weigh [X, 1] in an integral over them."""
  if family is Bernoulli:
    return jnp.array([[0.0], [1]]), jnp.ones((2, 1))
  start = 0 if family is Exponential else -30
  x = jnp.linspace(start, start + 60, 60_001)[:, None]
  return x, jnp.full_like(x, 1e-3).at[jnp.array([0, -1])].multiply(0.5)


class Found(NamedTuple):
  """Of three P and three Q [3]: closed forms, integrals, and draws of P."""

  logs: Any  # at 0 and 1 [2, 3]
  mean: Any
  variance: Any
  entropy: Any
  crossed: Any
  apart: Any
  still: Any
  integrals: Any
  x: Any
  surprise: Any


@functools.cache
def measured(family):
  """Measures all in one program."""

  @jax.jit
  def measure(p, q):
    at, weight = outcomes(family)
    row_p, row_q = (family(*(each[None] for each in one)) for one in (p, q))
    log_p, log_q = row_p.log_prob(at), row_q.log_prob(at)
    mass = jnp.exp(log_p) * weight
    parts = mass, -mass * log_p, -mass * log_q, mass * (log_p - log_q)
    x = row_p.sample(jax.random.key(0), (40_000, 3))
    return Found(
      logs=row_p.log_prob(jnp.array([[0.0], [1]])),
      mean=p.mean,
      variance=p.variance,
      entropy=p.entropy(),
      crossed=p.cross_entropy(q),
      apart=p.kl(q),
      still=p.kl(p),
      integrals=[jnp.sum(part, axis=0) for part in parts],
      x=x,
      surprise=-row_p.log_prob(x),
    )

  return jax.device_get(measure(of(family, PARAMETERS), of(family, OTHERS)))


@FAMILIES
def test_log_probabilities_and_moments_are_those_of_scipy(family):
  found, wanted = measured(family), scipys(family)
  x = np.array([[0.0], [1]])
  logs = wanted.logpmf(x) if family is Bernoulli else wanted.logpdf(x)
  np.testing.assert_allclose(found.logs, logs, rtol=1e-5)
  np.testing.assert_allclose(found.mean, wanted.mean(), rtol=1e-6)
  np.testing.assert_allclose(found.variance, wanted.var(), rtol=1e-5)
  np.testing.assert_allclose(found.entropy, wanted.entropy(), rtol=1e-5)


@FAMILIES
def test_closed_forms_are_the_integrals_that_they_stand_for(family):
  found = measured(family)
  closed = np.ones(3), found.entropy, found.crossed, found.apart
  np.testing.assert_allclose(found.integrals, closed, rtol=2e-3, atol=2e-3)


@FAMILIES
def test_cross_entropy_is_entropy_and_divergence(family):
  found = measured(family)
  np.testing.assert_allclose(
    found.crossed, found.entropy + found.apart, rtol=1e-5, atol=1e-6
  )
  np.testing.assert_allclose(found.still, 0, atol=1e-6)
  pairs = zip(PARAMETERS[family], OTHERS[family], strict=True)
  differ = np.any([np.not_equal(*pair) for pair in pairs], axis=0)
  np.testing.assert_array_equal(found.apart > 1e-3, differ)


@FAMILIES
def test_samples_have_the_shape_and_the_moments_of_the_closed_form(family):
  found = measured(family)
  assert (found.x.shape, found.x.dtype) == ((40_000, 3), np.float32)
  error = np.sqrt(found.variance / len(found.x))
  assert np.all(np.abs(found.x.mean(axis=0) - found.mean) < 4 * error)
  np.testing.assert_allclose(found.x.var(axis=0), found.variance, rtol=0.05)
  np.testing.assert_allclose(found.surprise.mean(axis=0), found.entropy, atol=0.03)


def test_a_coin_is_a_table_of_two_even_where_it_is_sure():
  sure, fair = Bernoulli(jnp.array([0.0, 1])), Bernoulli(jnp.array([0.5, 0.5]))

  @jax.jit
  def measure(p, q):
    return p.entropy(), p.kl(p), p.kl(q), q.kl(p), p.log_prob(jnp.ones(2))

  wanted = [0, 0], [0, 0], [np.log(2)] * 2, [np.inf, np.inf], [-np.inf, 0]
  np.testing.assert_allclose(measure(sure, fair), wanted, rtol=1e-6)


def test_nothing_happens_before_an_exponential_begins():
  x = jnp.array([-1.0, 0, 1])
  np.testing.assert_allclose(
    Exponential(2.0).log_prob(x), [-np.inf, np.log(2), np.log(2) - 2]
  )


def test_divergence_from_the_standard_gaussian_is_the_term_of_a_variational_model():
  mean, logvar = jnp.array([0.5, -1]), jnp.array([0.2, -3])
  standard = Gaussian(jnp.zeros(2), jnp.zeros(2))
  # Kingma & Welling 2013, appendix B: -½ Σ (1 + log σ² - μ² - σ²)
  wanted = -0.5 * (1 + logvar - mean**2 - np.exp(logvar))
  np.testing.assert_allclose(Gaussian(mean, logvar).kl(standard), wanted, rtol=1e-5)


def test_a_gaussian_sample_moves_with_its_parameters():
  key = jax.random.key(0)

  def draw(mean, logvar):
    return Gaussian(mean, logvar).sample(key, ())

  noise = draw(0.0, 0.0)
  by_mean, by_logvar = jax.grad(draw, argnums=(0, 1))(1.0, 2.0)
  assert by_mean == 1
  np.testing.assert_allclose(by_logvar, 0.5 * np.exp(1.0) * noise, rtol=1e-5)
