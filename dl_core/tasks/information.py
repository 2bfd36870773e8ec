"""Entropy, cross-entropy and Kullback-Leibler divergence of discrete distributions.

An outcome of probability p carries -log p nats, so none where it is certain and
infinitely many where it is impossible (Shannon 1948). Entropy H(P) is what P carries on
average; cross-entropy H(P, Q) is what one pays who believes Q; the Kullback-Leibler
divergence is the difference: H(P, Q) = H(P) + KL(P‖Q).

Here 0·log 0 = 0, and p·log 0 is infinite for any other p. A slope that would be
infinite, at an impossible outcome, counts as 0: gradients are finite even where
probabilities are 0 and 1. Shapes: K outcomes, on the last axis.
"""

import math

import jax
import jax.numpy as jnp
import optax

from dl_core.types import Array


def self_information(p: Array) -> Array:
  """-log p of each probability, infinite for 0. Shapes: [...] -> [...], nats."""
  # Not p > 0: what is smaller than this counts as 0 on some devices and not on others.
  possible = p >= jnp.finfo(jnp.result_type(float, p)).tiny
  return jnp.where(possible, -jnp.log(jnp.where(possible, p, 1.0)), jnp.inf)


def entropy(p: Array) -> Array:
  """H(P) = -Σ p log p. Shapes: [..., K] -> [...], nats."""
  return cross_entropy(p, p)


def cross_entropy(p: Array, q: Array) -> Array:
  """H(P, Q) = -Σ p log q. Shapes: [..., K], [..., K] -> [...], nats."""
  return jnp.sum(_times(p, self_information(q)), axis=-1)


def kl(p: Array, q: Array) -> Array:
  """KL(P‖Q) = Σ p log(p / q): 0 where Q is P. Shapes as in `cross_entropy`, nats."""
  own, other = self_information(p), self_information(q)
  return jnp.sum(_times(p, other) - _times(p, own), axis=-1)


def binary_cross_entropy(p: Array, q: Array) -> Array:
  """-p log q - (1 - p) log(1 - q), for each pair. Shapes: [...], [...] -> [...]."""
  return _times(p, self_information(q)) + _times(1 - p, self_information(1 - q))


def softmax_cross_entropy(logits: Array, labels: Array) -> Array:
  """-log softmax(logits)[label], H(P, Q) where P is sure of the label.

  Shapes: [..., K], integers [...] -> [...], nats.
  """
  return optax.softmax_cross_entropy_with_integer_labels(logits, labels)


def sigmoid_cross_entropy(logit: Array, p: Array) -> Array:
  """`binary_cross_entropy` of p and q = sigmoid(logit), exact where q nears 0 or 1.

  -log q = softplus(-logit) and -log(1 - q) = softplus(logit). Shapes: [...], [...] ->
  [...], nats.
  """
  return _times(p, jax.nn.softplus(-logit)) + _times(1 - p, jax.nn.softplus(logit))


def bits(nats: Array) -> Array:
  """Converts nats to bits: a fair coin's log 2 nats are one bit."""
  return nats / math.log(2)


def _times(p: Array, information: Array) -> Array:
  """p · information, where 0 · inf = 0."""
  infinite = information == jnp.inf
  finite = p * jnp.where(infinite, 0.0, information)
  return jnp.where(infinite & (p > 0), jnp.inf, finite)
