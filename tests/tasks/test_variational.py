"""Bounds on log p(x) against closed forms of a linear Gaussian model."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from dl_core.models import vae
from dl_core.models.vae import Decoded, Output, Posterior
from dl_core.tasks import variational
from dl_core.types import Batch

RANDOM = np.random.default_rng(0)
SHAPE, CODE = (2, 3, 1), 2
X = RANDOM.normal(size=(4, *SHAPE)).astype(np.float32)
# p(x|z) = N(W z + b, v): the columns of W are orthogonal, so that p(z|x) is diagonal.
W = np.linalg.qr(RANDOM.normal(size=(6, CODE)))[0] * [1.5, 0.5]
B, V = RANDOM.normal(size=6), 0.3
EXACT = stats.multivariate_normal(B, W @ W.T + V * np.eye(6)).logpdf(X.reshape(4, 6))


def posterior():
  """Returns the true p(z|x): its precision is I + WᵀW / v."""
  precision = 1 + np.square(W).sum(axis=0) / V
  mean = (X.reshape(4, 6) - B) @ W / V / precision
  return Posterior(jnp.asarray(mean), jnp.broadcast_to(-np.log(precision), mean.shape))


def output(q, samples, seed=0):
  noise = np.random.default_rng(seed).normal(size=(samples, *q.mean.shape))
  z = np.asarray(vae.drawn(q, noise))
  pixels = (z @ W.T + B).reshape(samples, -1, *SHAPE)
  return Output(q, z, Decoded(pixels, jnp.log(V)))


def test_with_the_true_posterior_every_weight_is_the_likelihood():
  found = output(posterior(), 3)
  log_w = variational.log_likelihood(found.decoded, X)
  log_w += variational.log_weight(found.posterior, found.z)
  np.testing.assert_allclose(log_w, np.tile(EXACT, (3, 1)), rtol=1e-5)
  bounds = variational.terms(found, X)
  np.testing.assert_allclose(-bounds['iwae'], EXACT, rtol=1e-5)


def test_the_likelihood_is_the_elbo_plus_the_divergence_from_the_posterior():
  true, q = posterior(), posterior()
  q = Posterior(q.mean + 0.3, q.logvar - 0.5)
  residual = X.reshape(4, 6) - np.asarray(q.mean) @ W.T - B
  spread = np.exp(q.logvar) @ np.square(W).sum(axis=0)  # of W z around its mean
  log_x = -0.5 * (6 * np.log(2 * np.pi * V) + (np.square(residual).sum(1) + spread) / V)
  ratio = np.exp(q.logvar - true.logvar)
  square = np.square(q.mean - true.mean) * np.exp(-true.logvar)
  divergence = 0.5 * (ratio + square - 1 - np.log(ratio)).sum(axis=1)
  elbo = log_x - variational.divergence(q)
  np.testing.assert_allclose(elbo + divergence, EXACT, rtol=1e-5)
  many = variational.terms(output(q, 4_000), X)
  np.testing.assert_allclose(-many['elbo'], elbo, atol=0.1)


def test_the_importance_weighted_bound_rises_towards_the_likelihood():
  q = posterior()
  q = Posterior(q.mean + 0.5, q.logvar + 0.7)
  bounds = [
    -np.mean([variational.terms(output(q, k, s), X)['iwae'] for s in range(40)])
    for k in (1, 5, 50)
  ]
  assert bounds[0] < bounds[1] < bounds[2] < EXACT.mean() + 0.01


def test_the_mean_of_tiny_weights_does_not_underflow():
  log_w = jnp.array([[-2_000.0, -900.0], [-2_000.0, -901.0]])
  found = variational.mean_of_logs(log_w)
  np.testing.assert_allclose(found, [-2_000, -900 + np.log((1 + np.exp(-1)) / 2)], 1e-6)


@pytest.mark.parametrize('objective', variational.OBJECTIVES)
def test_the_loss_is_the_objective_and_padding_does_not_count(objective):
  model = vae.VAE((2, 2, 1), (8,), 2, samples=3)
  task = variational.variational(model, objective)
  x = jnp.asarray(RANDOM.integers(0, 2, (3, 2, 2, 1)), jnp.float32)
  batch = Batch(x, None, jnp.array([1.0, 1.0, 0.0]))
  variables = task.init(jax.random.key(0), batch)
  found = task.metrics(variables, batch, jax.random.key(1))
  assert found['loss'] == found[objective]
  total, weight = found['loss']
  padded = batch._replace(x=x.at[2].set(1 - x[2]))
  assert task.metrics(variables, padded, jax.random.key(1))['loss'] == (total, weight)


def test_the_divergence_sends_no_gradient_to_the_decoder():
  model = vae.VAE((2, 2, 1), (8,), 2)
  x = jnp.asarray(RANDOM.integers(0, 2, (3, 2, 2, 1)), jnp.float32)
  keys = {'params': jax.random.key(0), 'draw': jax.random.key(1)}
  variables = model.init(keys, x, train=True)

  def term(params, name):
    said = model.apply({'params': params}, x, train=True, rngs=keys)
    return variational.terms(said, x)[name].sum()

  largest = lambda tree: max(
    float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(tree)
  )
  kl = jax.grad(term)(variables['params'], 'kl')
  assert largest(kl['decoder']) == 0
  assert largest(kl['encoder']) > 0
  restored = jax.grad(term)(variables['params'], 'reconstruction')
  assert largest(restored['decoder']) > 0
  assert largest(restored['encoder']) > 0


def test_importance_sampling_agrees_with_the_integral_over_a_code_of_one_number():
  model = vae.VAE((2, 2, 1), (8,), 1)
  x = jnp.asarray(RANDOM.integers(0, 2, (3, 2, 2, 1)), jnp.float32)
  keys = {'params': jax.random.key(0), 'draw': jax.random.key(1)}
  variables = model.init(keys, x, train=True)
  grid = np.linspace(-8, 8, 2_001)
  decoded = model.apply(
    variables, np.tile(grid[:, None, None], (1, 3, 1)), method='decode'
  )
  log_p = variational.log_likelihood(decoded, x) + stats.norm.logpdf(grid)[:, None]
  exact = np.log(np.trapezoid(np.exp(log_p), grid, axis=0))
  found = variational.evidence(model, variables, x, 4_000, 100, jax.random.key(2))
  np.testing.assert_allclose(found, exact, atol=0.02)
