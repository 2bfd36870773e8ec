"""Tables of probabilities: an array with one axis for each variable.

Every table keeps the rank of the joint one: a variable that was summed out leaves a
side of 1. So tables multiply as they do in the formulas, P(x, y) = P(x) P(y | x), and
`expectation` takes a value for each outcome in the same way. Variables are told by the
number of their axis. Probabilities are in [0, 1] and sum to 1. (The lecture's table has
"0 <= P(x) <= 10", a slip.)
"""

import itertools

import jax.numpy as jnp

from dl_core.types import Array


def marginal(joint: Array, *kept: int) -> Array:
  """P(kept): sums out all other variables."""
  others = tuple(set(range(joint.ndim)) - set(kept))
  return jnp.sum(joint, axis=others, keepdims=True)


def conditional(joint: Array, *given: int) -> Array:
  """P(others | given) = P(all) / P(given); 0 where P(given) is."""
  return _over(joint, marginal(joint, *given))


def chain(joint: Array) -> list[Array]:
  """P(x₁), P(x₂ | x₁), P(x₃ | x₁, x₂) and so on: factors of the joint probability."""
  parts = [marginal(joint, *range(n + 1)) for n in range(joint.ndim)]
  return [parts[0], *(_over(part, given) for given, part in itertools.pairwise(parts))]


def bayes(prior: Array, likelihood: Array) -> Array:
  """P(h | e) = P(e | h) P(h) / P(e), where P(e) = Σ P(e | h) P(h).

  Args:
    prior: P(h), of hypotheses on the first axis.
    likelihood: P(e | h), the hypotheses on the first axis, the evidence on the others.
  """
  joint = likelihood * prior
  return _over(joint, jnp.sum(joint, axis=0, keepdims=True))


def dependence(joint: Array, a: int, b: int, *given: int) -> Array:
  """The largest |P(a, b | given) - P(a | given) P(b | given)|: 0 if independent."""
  both, one, other = (
    conditional(marginal(joint, *variables, *given), *given)
    for variables in ((a, b), (a,), (b,))
  )
  return jnp.max(jnp.abs(both - one * other))


def expectation(p: Array, x: Array) -> Array:
  """E[x] = Σ p·x, of a value x for each outcome."""
  return jnp.sum(p * x)


def variance(p: Array, x: Array) -> Array:
  """Var[x] = E[(x - E[x])²]."""
  return covariance(p, x, x)


def covariance(p: Array, x: Array, y: Array) -> Array:
  """Cov[x, y] = E[(x - E[x])·(y - E[y])]."""
  return expectation(p, (x - expectation(p, x)) * (y - expectation(p, y)))


def _over(part: Array, whole: Array) -> Array:
  """part / whole, and 0 where the whole is."""
  possible = whole > 0
  return jnp.where(possible, part / jnp.where(possible, whole, 1.0), 0.0)
