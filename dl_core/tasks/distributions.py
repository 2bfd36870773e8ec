"""Bernoulli, Gaussian and exponential distributions, in closed form.

Every element of the parameters is a variable of its own; the log-probabilities,
entropies and divergences of independent ones add up. All three know their `mean` and
`variance`, `log_prob(x)`, `entropy()`, and `cross_entropy(other)` and `kl(other)` with
another of the same family, in nats; `sample(key, shape)` draws an array of a shape that
the parameters broadcast to.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from dl_core.tasks import information
from dl_core.types import Array, Key


class Bernoulli(NamedTuple):
  """1 with probability p in [0, 1], otherwise 0. (The lecture's table has 10 for 1.)"""

  p: Array

  @property
  def mean(self) -> Array:
    return self.p

  @property
  def variance(self) -> Array:
    return self.p * (1 - self.p)

  def log_prob(self, x: Array) -> Array:
    return -information.binary_cross_entropy(x, self.p)

  def sample(self, key: Key, shape: tuple[int, ...]) -> Array:
    return jax.random.bernoulli(key, self.p, shape).astype(jnp.float32)

  def entropy(self) -> Array:
    return self.cross_entropy(self)

  def cross_entropy(self, other: 'Bernoulli') -> Array:
    return information.binary_cross_entropy(self.p, other.p)

  def kl(self, other: 'Bernoulli') -> Array:
    return self.cross_entropy(other) - self.entropy()


class Gaussian(NamedTuple):
  """The normal distribution, told by its mean μ and the logarithm of its variance σ².

  A network may put out any number, and exp(logvar) is a variance whatever it is. (The
  lectures' table has the network put out σ², their text σ; see Kingma & Welling 2013,
  appendix B, for the closed form of `kl`.) A sample is differentiable in both.
  """

  mean: Array
  logvar: Array

  @property
  def variance(self) -> Array:
    return jnp.exp(self.logvar)

  def log_prob(self, x: Array) -> Array:
    square = (x - self.mean) ** 2 * jnp.exp(-self.logvar)
    return -0.5 * (math.log(2 * math.pi) + self.logvar + square)

  def sample(self, key: Key, shape: tuple[int, ...]) -> Array:
    return self.mean + jnp.exp(0.5 * self.logvar) * jax.random.normal(key, shape)

  def entropy(self) -> Array:
    return 0.5 * (math.log(2 * math.pi) + 1 + self.logvar)

  def cross_entropy(self, other: 'Gaussian') -> Array:
    return 0.5 * (math.log(2 * math.pi) + other.logvar + self._spread(other))

  def kl(self, other: 'Gaussian') -> Array:
    return 0.5 * (other.logvar - self.logvar + self._spread(other) - 1)

  def _spread(self, other: 'Gaussian') -> Array:
    """E[(x - other's μ)²] / other's σ²."""
    far = self.mean - other.mean
    return jnp.exp(self.logvar - other.logvar) + far**2 * jnp.exp(-other.logvar)


class Exponential(NamedTuple):
  """How long to wait for what happens `rate` times in a unit of time, on average."""

  rate: Array

  @property
  def mean(self) -> Array:
    return 1 / self.rate

  @property
  def variance(self) -> Array:
    return 1 / self.rate**2

  def log_prob(self, x: Array) -> Array:
    return jnp.where(x >= 0, jnp.log(self.rate) - self.rate * x, -jnp.inf)

  def sample(self, key: Key, shape: tuple[int, ...]) -> Array:
    return jax.random.exponential(key, shape) / self.rate

  def entropy(self) -> Array:
    return 1 - jnp.log(self.rate)

  def cross_entropy(self, other: 'Exponential') -> Array:
    return other.rate / self.rate - jnp.log(other.rate)

  def kl(self, other: 'Exponential') -> Array:
    return self.cross_entropy(other) - self.entropy()


Distribution = Bernoulli | Gaussian | Exponential
