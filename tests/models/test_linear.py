import jax
import jax.numpy as jnp
import numpy as np

from dl_core.models import linear
from dl_core.tasks import measures

X = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


def said(outputs, kernel, bias, **options):
  model = linear.Linear(outputs, **options)
  params = {'linear': {'kernel': jnp.asarray(kernel), 'bias': jnp.asarray(bias)}}
  return model.apply({'params': params}, X, train=False)


def test_it_begins_with_no_opinion():
  variables = linear.Linear(3).init(jax.random.key(0), X, train=False)
  np.testing.assert_array_equal(linear.Linear(3).apply(variables, X, train=False), 0)


def test_softmax_of_two_classes_is_the_sigmoid_of_g():
  w, b = np.array([[1.0], [-2.0], [0.5]]), np.array([0.3])
  logits = said(1, w, b)
  g = X @ w[:, 0] + b
  np.testing.assert_allclose(jax.nn.softmax(logits)[:, 1], 1 / (1 + np.exp(-g)), 1e-5)
  y = np.array([0, 1, 1, 0, 1, 0])
  wanted = np.log1p(np.exp(-(2 * y - 1) * g))  # the logistic loss of labels ±1
  np.testing.assert_allclose(measures.cross_entropy(logits, y), wanted, 1e-5)
  np.testing.assert_array_equal(measures.accuracy(logits, y), (g > 0) == y)


def test_several_classes_have_a_weighted_sum_each():
  w, b = np.random.default_rng(1).normal(size=(3, 4)), np.arange(4.0)
  np.testing.assert_allclose(said(4, w, b), X @ w + b, rtol=1e-5, atol=1e-5)


def test_one_vs_rest_is_the_sum_of_k_logistic_losses():
  g, y = np.random.default_rng(2).normal(size=(5, 3)), np.array([0, 1, 2, 2, 0])
  sign = 2 * np.eye(3)[y] - 1
  wanted = np.log1p(np.exp(-sign * g)).sum(axis=1)
  np.testing.assert_allclose(measures.one_vs_rest(jnp.asarray(g), y), wanted, 1e-5)
  slope = jax.grad(lambda g: measures.one_vs_rest(g, y).sum())(jnp.asarray(g))
  chance = 1 / (1 + np.exp(-g))  # of each classifier by itself
  np.testing.assert_allclose(slope, chance - np.eye(3)[y], atol=1e-6)
