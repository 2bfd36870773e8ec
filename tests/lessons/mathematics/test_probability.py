"""Tables of probabilities, against NumPy on tables that are written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.lessons.mathematics import probability

JOINT = jnp.asarray(np.random.default_rng(0).dirichlet(np.ones(24)).reshape(2, 3, 4))


def test_a_marginal_keeps_the_rank_and_sums_the_rest_out():
  found = probability.marginal(JOINT, 1)
  assert found.shape == (1, 3, 1)
  np.testing.assert_allclose(found[0, :, 0], np.sum(JOINT, axis=(0, 2)), rtol=1e-6)
  np.testing.assert_allclose(probability.marginal(JOINT), 1, rtol=1e-6)
  np.testing.assert_array_equal(probability.marginal(JOINT, 0, 1, 2), JOINT)


@pytest.mark.parametrize('given', [(), (0,), (2,), (0, 2)])
def test_a_conditional_probability_sums_to_1_and_gives_the_joint_back(given):
  found = probability.conditional(JOINT, *given)
  others = tuple({0, 1, 2} - set(given))
  np.testing.assert_allclose(np.sum(found, axis=others), 1, rtol=1e-6)
  np.testing.assert_allclose(
    found * probability.marginal(JOINT, *given), JOINT, rtol=1e-5
  )


def test_what_cannot_be_given_leaves_no_probability_and_no_nan():
  joint = jnp.array([[0.0, 0], [0.25, 0.75]])
  np.testing.assert_array_equal(
    probability.conditional(joint, 0), [[0, 0], [0.25, 0.75]]
  )


def test_the_factors_of_the_chain_rule_multiply_to_the_joint():
  factors = probability.chain(JOINT)
  assert [factor.shape for factor in factors] == [(2, 1, 1), (2, 3, 1), (2, 3, 4)]
  first, second, third = factors
  np.testing.assert_allclose(first * second * third, JOINT, rtol=1e-5)
  p = np.asarray(JOINT)
  wanted = p[1, 2, 3] / p[1, 2].sum()  # P(x₃ = 3 | x₁ = 1, x₂ = 2)
  np.testing.assert_allclose(third[1, 2, 3], wanted, rtol=1e-5)


def test_bayes_turns_one_conditional_into_the_other():
  joint = probability.marginal(JOINT, 0, 1)[:, :, 0]
  found = probability.bayes(
    probability.marginal(joint, 0), probability.conditional(joint, 0)
  )
  np.testing.assert_allclose(found, probability.conditional(joint, 1), rtol=1e-5)


def test_bayes_of_a_rare_disease_worked_out_by_hand():
  prior, test = jnp.array([[0.99], [0.01]]), jnp.array([[0.91, 0.09], [0.1, 0.9]])
  ill = probability.bayes(prior, test)[1, 1]
  np.testing.assert_allclose(ill, 0.009 / (0.009 + 0.0891), rtol=1e-5)


def test_dependence_is_0_of_a_product_and_of_a_conditional_product_alone():
  a, b, c = np.array([0.2, 0.8]), np.array([0.5, 0.5]), np.array([0.3, 0.7])
  given = np.array([[0.9, 0.1], [0.1, 0.9]])  # P(a | c) = P(b | c)
  product = np.einsum('a,b,c->abc', a, b, c)
  common = np.einsum('c,ca,cb->abc', [0.5, 0.5], given, given)
  both = jnp.stack([jnp.asarray(product), jnp.asarray(common)])

  def measure(joint):
    return probability.dependence(joint, 0, 1), probability.dependence(joint, 0, 1, 2)

  alone, once_given = jax.jit(jax.vmap(measure))(both)
  # P(0, 0) = (0.81 + 0.01) / 2, and P(0)² = 1 / 4
  np.testing.assert_allclose(alone, [0, 0.16], atol=1e-6)
  np.testing.assert_allclose(once_given, [0, 0], atol=1e-6)


def test_moments_of_a_die_and_of_two_variables():
  faces, p = jnp.arange(1.0, 7), jnp.full(6, 1 / 6)
  np.testing.assert_allclose(probability.expectation(p, faces), 3.5, rtol=1e-6)
  np.testing.assert_allclose(probability.variance(p, faces), 35 / 12, rtol=1e-6)
  joint = probability.marginal(JOINT, 0, 1)[:, :, 0]
  x, y = np.array([[-1.0], [2]]), np.array([[0.0, 1, 5]])
  wanted = np.cov(
    *(np.broadcast_to(each, (2, 3)).ravel() for each in (x, y)),
    aweights=np.ravel(joint),
    ddof=0,
  )
  x, y = jnp.asarray(x), jnp.asarray(y)
  np.testing.assert_allclose(
    probability.covariance(joint, x, y), wanted[0, 1], rtol=1e-4
  )
  np.testing.assert_allclose(probability.variance(joint, y), wanted[1, 1], rtol=1e-4)
