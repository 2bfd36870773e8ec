"""Clusters and components against scikit-learn's, from the same start."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import cluster, datasets, decomposition, mixture

from dl_core.models import clusters, components

DIGITS = datasets.load_digits()
X = (DIGITS.data[:500] / 16).astype(np.float32)
POINTS = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
POINTS[:80] += [4, 1]
POINTS[:40] *= [0.3, 1.5]


def test_k_means_ends_where_scikit_learn_does():
  start = clusters.seeded(X, 10, jax.random.key(0))
  assert len(np.unique(np.asarray(start), axis=0)) == 10
  assert all((centre == X).all(axis=1).any() for centre in np.asarray(start))
  found = clusters.lloyd(X, start)
  other = cluster.KMeans(10, init=np.asarray(start), n_init=1, tol=0, max_iter=300)
  other.fit(X)
  np.testing.assert_allclose(found.inertia, other.inertia_, rtol=1e-6)
  np.testing.assert_array_equal(found.labels, other.labels_)
  falls = np.diff(np.asarray(found.history))
  assert (falls <= 1e-3).all()
  assert falls[0] < 0
  assert int(found.steps) < 300


def test_an_empty_cluster_begins_anew_at_the_farthest_point():
  x = 100 + jnp.array([[0.0], [0.5], [5.0], [5.5], [20.0]])
  found = clusters.lloyd(x, jnp.array([[100.0], [105.0], [-90.0]]))
  wanted = [100.25, 105.25, 120.0]
  np.testing.assert_allclose(np.sort(found.centres[:, 0]), wanted, 1e-6)


def test_em_ends_where_scikit_learn_does():
  start = clusters.lloyd(POINTS, POINTS[[0, 60, 120]])
  first = clusters.begun(jnp.asarray(POINTS), start.labels, 3)
  found, history = clusters.expectation_maximisation(jnp.asarray(POINTS), first, 300)
  weights = np.asarray(first.weights, np.float64)
  other = mixture.GaussianMixture(
    3,
    tol=0,
    max_iter=300,
    weights_init=weights / weights.sum(),
    means_init=np.asarray(first.means),
    precisions_init=np.linalg.inv(np.asarray(first.covariances, np.float64)),
  )
  with pytest.warns(Warning, match='did not converge'):
    other.fit(POINTS.astype(np.float64))
  assert history[-1] == pytest.approx(other.score(POINTS), abs=1e-4)
  assert (np.diff(np.asarray(history)) > -1e-5).all()
  np.testing.assert_allclose(found.means, other.means_, atol=1e-2)


def test_the_density_of_a_mixture_is_that_of_its_gaussians():
  from scipy import stats

  random = np.random.default_rng(1)
  square = random.normal(size=(2, 3, 3))
  m = clusters.Mixture(
    jnp.array([0.3, 0.7]),
    jnp.asarray(random.normal(size=(2, 3)), jnp.float32),
    jnp.asarray(square @ square.swapaxes(1, 2) + np.eye(3), jnp.float32),
  )
  x = random.normal(size=(5, 3)).astype(np.float32)
  for k, found in enumerate(np.asarray(clusters.log_densities(m, x)).T):
    gauss = stats.multivariate_normal(m.means[k], np.asarray(m.covariances[k]))
    np.testing.assert_allclose(found, gauss.logpdf(x) + np.log(m.weights[k]), 1e-4)


def test_a_likelihood_without_noise_is_refused():
  with pytest.raises(ValueError, match='leave no variance for the noise'):
    components.log_likelihood(components.fit(POINTS, 2), POINTS)


def test_clusters_are_named_by_the_best_matching():
  labels = np.array([2, 2, 2, 0, 0, 1, 1, 1])
  classes = np.array([0, 0, 0, 1, 1, 2, 2, 0])
  assert clusters.matched(labels, classes) == 7 / 8
  assert clusters.matched(np.array([0, 0, 1, 1]), np.array([1, 1, 1, 1])) == 0.5


@pytest.mark.parametrize('count', [2, 8, 30])
def test_components_and_their_likelihood_are_those_of_scikit_learn(count):
  train, test = X[:400], X[400:]
  found = components.fit(train, count)
  other = decomposition.PCA(count, svd_solver='full').fit(train.astype(np.float64))
  again = other.inverse_transform(other.transform(test))
  wanted = np.mean(np.sum((test - again) ** 2, axis=1))
  assert components.error(found, test) == pytest.approx(wanted, rel=1e-5)
  assert components.log_likelihood(found, train) == pytest.approx(
    other.score(train), abs=1e-3
  )
  np.testing.assert_allclose(
    found.variances[:count], other.explained_variance_, rtol=1e-5
  )
