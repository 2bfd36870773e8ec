"""Entropy and its kin, against scipy, and where a logarithm is infinite."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from dl_core.tasks import information

RANDOM = np.random.default_rng(0)
P, Q = RANDOM.dirichlet(np.ones(5), (2, 40)).astype(np.float32)
INF = np.inf


def test_they_are_those_of_scipy():
  wanted = stats.entropy(P, axis=-1), stats.entropy(P, Q, axis=-1)
  np.testing.assert_allclose(information.entropy(P), wanted[0], rtol=1e-5)
  np.testing.assert_allclose(information.kl(P, Q), wanted[1], rtol=1e-5)
  np.testing.assert_allclose(
    information.cross_entropy(P, Q), wanted[0] + wanted[1], rtol=1e-5
  )


def test_cross_entropy_is_entropy_and_divergence():
  parts = information.entropy(P) + information.kl(P, Q)
  np.testing.assert_allclose(information.cross_entropy(P, Q), parts, rtol=1e-6)
  assert np.all(information.kl(P, Q) > 0)
  np.testing.assert_array_equal(information.kl(P, P), np.zeros(40))


def test_a_fair_coin_has_one_bit_and_a_certain_one_none():
  coins = jnp.array([[0.5, 0.5], [1, 0], [0, 1]])
  np.testing.assert_allclose(
    information.bits(information.entropy(coins)), [1, 0, 0], atol=1e-7
  )


def test_information_of_what_is_certain_is_0_and_of_what_cannot_be_infinite():
  p = jnp.array([0, 1e-30, 0.5, 1])
  found = information.self_information(p)
  np.testing.assert_allclose(found, [INF, 69.07755, np.log(2), 0], rtol=1e-6)


def test_0_log_0_is_0_p_log_0_is_infinite_and_every_gradient_is_finite():
  half = np.log(2)
  p, q, crossed, apart = zip(
    ([1, 0, 0], [1, 0, 0], 0, 0),
    ([1, 0, 0], [0, 1, 0], INF, INF),
    ([0.5, 0.5, 0], [1, 0, 0], INF, INF),
    ([1, 0, 0], [0.5, 0.5, 0], half, half),
    ([0.5, 0.5, 0], [0.5, 0.5, 0], half, 0),
    ([0, 1, 0], [1e-42, 1, 0], 0, 0),  # less than the least normal number
    strict=True,
  )
  for measure, wanted in (
    (information.cross_entropy, crossed), (information.kl, apart),
  ):  # fmt: skip
    both = jax.jit(jax.vmap(jax.value_and_grad(measure, argnums=(0, 1))))
    found, slopes = both(jnp.float32(p), jnp.float32(q))
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert np.all(np.isfinite(slopes))


def test_gradients_inside_are_those_of_the_formulas():
  @jax.jit
  def slopes(p, q):
    apart = jax.grad(lambda *pair: jnp.sum(information.kl(*pair)), argnums=(0, 1))
    return *apart(p, q), jax.grad(lambda p: jnp.sum(information.entropy(p)))(p)

  wanted = np.log(P / Q) + 1, -P / Q, -np.log(P) - 1
  for found, formula in zip(slopes(P, Q), wanted, strict=True):
    np.testing.assert_allclose(found, formula, rtol=1e-4, atol=1e-5)


def test_binary_cross_entropy_is_that_of_a_table_of_two():
  p, q = P[:, 0], Q[:, 0]
  tables = (jnp.stack([1 - each, each], axis=-1) for each in (p, q))
  np.testing.assert_allclose(
    information.binary_cross_entropy(p, q),
    information.cross_entropy(*tables),
    rtol=1e-5,
  )


def test_the_loss_of_a_logit_is_that_of_its_probability_and_finite_where_that_is_sure():
  logit, p = jnp.linspace(-6, 6, 13), jnp.linspace(0, 1, 13)
  np.testing.assert_allclose(
    information.sigmoid_cross_entropy(logit, p),
    information.binary_cross_entropy(p, jax.nn.sigmoid(logit)),
    rtol=1e-4,
  )
  sure = jnp.array([-INF, INF, -INF, INF, -200, 200])
  label = jnp.array([0.0, 1, 1, 0, 1, 0])
  loss = jax.value_and_grad(information.sigmoid_cross_entropy, argnums=(0, 1))
  found, slopes = jax.jit(jax.vmap(loss))(sure, label)
  np.testing.assert_array_equal(found, [0, 0, INF, INF, 200, 200])
  assert np.all(np.isfinite(slopes))


def test_a_logit_that_is_no_number_is_not_passed_over():
  for label in (0.0, 1.0):
    assert jnp.isnan(information.sigmoid_cross_entropy(jnp.nan, label))
