"""Integrals over the plane of codes agree with closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from dl_core.lessons.unsupervised import bounds, linear_gaussian
from dl_core.models import vae

SHAPE = (2, 2, 1)


@pytest.fixture(scope='module')
def linear():
  """A linear Gaussian VAE, its variables and images."""
  model = vae.VAE(SHAPE, (), 2, likelihood=vae.GAUSSIAN)
  x = np.random.default_rng(0).random((3, *SHAPE)).astype(np.float32)
  keys = {'params': jax.random.key(0), 'draw': jax.random.key(1)}
  return model, model.init(keys, x, train=True), x


def test_the_integral_over_codes_is_the_marginal_of_a_linear_model(linear):
  model, variables, x = linear
  pixels = variables['params']['decoder']['pixels']
  w = np.asarray(pixels['kernel'], np.float64).T
  covariance = w @ w.T + np.exp(vae.START) * np.eye(4)
  exact = stats.multivariate_normal(pixels['bias'], covariance).logpdf(x.reshape(3, 4))
  found = bounds.tables(model, variables, x)
  np.testing.assert_allclose(found.log_p, exact, rtol=1e-6)
  np.testing.assert_allclose(found.elbo + found.divergence, exact, rtol=1e-6)
  assert (found.divergence > 0).all()
  mean = linear_gaussian.marginal(variables['params'], x)
  assert mean == pytest.approx(exact.mean(), abs=1e-5)


def test_the_bound_rises_with_the_number_of_codes(linear):
  model, variables, x = linear
  exact = bounds.tables(model, variables, x).log_p.mean()
  found = [
    float(jnp.mean(bounds.bounds(model, variables, x, count, jax.random.key(0))))
    for count in (1, 50)
  ]
  assert found[0] < found[1] < exact + 0.05


def test_both_sides_of_the_identity_agree_on_random_models():
  random = np.random.default_rng(3)
  for _ in range(5):
    left, right = linear_gaussian.random_case(random)
    assert left == pytest.approx(right, abs=1e-9)


def test_only_the_reconstruction_trains_the_decoder(linear):
  model, variables, x = linear
  found = linear_gaussian.gradients(model, variables['params'], x)
  assert found['kl']['decoder'] == 0
  assert min(*found['reconstruction'].values(), found['kl']['encoder']) > 0
