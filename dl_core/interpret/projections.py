"""Points of many dimensions drawn in two: PCA and t-SNE.

PCA keeps the directions of most variance. t-SNE (van der Maaten & Hinton 2008,
https://jmlr.org/papers/v9/vandermaaten08a.html) keeps who is near whom: distances
between its clusters, and their sizes, mean nothing. Here it is exact, O(N²), with the
settings of scikit-learn.

Shapes: N points, D dimensions of each, d of their projection.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.models import components
from dl_core.types import Array

MOST = 5_000  # points: a square table of more does not fit
EXAGGERATION, EARLY, STEPS = 12.0, 250, 1_000
LEAST = 1e-12  # probability, so that its logarithm is finite


def pca(x: Any, dimensions: int = 2) -> np.ndarray:
  """Projects points [N, D] on their first principal components, [N, d].

  The sign of a component is that in which its largest loading is positive.
  """
  found = components.fit(x, dimensions)
  chosen = found.directions
  largest = np.abs(chosen).argmax(axis=1)
  return components.encoded(found, x) * np.sign(chosen[range(len(chosen)), largest])


class Map(NamedTuple):
  """What t-SNE found: points [N, d], and the KL divergence in nats."""

  points: np.ndarray
  divergence: float


def tsne(x: Any, perplexity: float = 30.0, dimensions: int = 2) -> Map:
  """Embeds points [N, D] by t-SNE, from their PCA on.

  Args:
    x: the points.
    perplexity: the effective number of neighbours of each.
    dimensions: d.

  Raises:
    ValueError: N is not from 3 times the perplexity to `MOST`.
  """
  x = np.asarray(x).reshape(len(x), -1)
  if not 3 * perplexity <= len(x) <= MOST:
    raise ValueError(
      f'{len(x)} points were given with {perplexity=}; from three times as many to '
      f'{MOST:,} are wanted'
    )
  first = pca(x, dimensions)
  start = jnp.asarray(1e-4 * first / (first[:, 0].std() or 1), jnp.float32)
  points, divergence = descend(joint(squared(jnp.asarray(x)), perplexity), start)
  return Map(np.asarray(points), float(divergence))


def squared(x: Array) -> Array:
  """Returns the squared distances [N, N] of points [N, D]; 0 on the diagonal."""
  lengths = jnp.sum(x * x, axis=1)
  products = jnp.matmul(x, x.T, precision='highest')
  far = jnp.maximum(lengths[:, None] + lengths[None] - 2 * products, 0)
  return far * (1 - jnp.eye(len(x), dtype=x.dtype))


@jax.jit
def conditional(far: Array, perplexity: float) -> Array:
  """Returns p(j | i) [N, N], Gaussian, whose entropy is log(perplexity) for each i.

  Args:
    far: squared distances [N, N].
    perplexity: a width for each row is found by bisection.
  """
  apart = ~jnp.eye(len(far), dtype=bool)
  near = jnp.min(jnp.where(apart, far, jnp.inf), axis=1, keepdims=True)
  far = far - near  # the factor cancels, and no row is all 0
  scale = jnp.sum(far * apart, axis=1, keepdims=True) / (len(far) - 1) + LEAST

  def row(log_width):
    logits = jnp.where(apart, -far / scale * jnp.exp(log_width), -jnp.inf)
    p = jax.nn.softmax(logits, axis=1)
    return p, -jnp.sum(jax.scipy.special.xlogy(p, p), axis=1, keepdims=True)

  def halve(_, bounds):
    low, high = bounds
    middle = (low + high) / 2
    wide = row(middle)[1] > jnp.log(perplexity)
    return jnp.where(wide, middle, low), jnp.where(wide, high, middle)

  ends = jnp.full((len(far), 1), -20.0), jnp.full((len(far), 1), 40.0)
  low, high = jax.lax.fori_loop(0, 60, halve, ends)
  return row((low + high) / 2)[0]


def joint(far: Array, perplexity: float) -> Array:
  """Returns p(i, j) [N, N]: the mean of both conditional ones, divided by N."""
  p = conditional(far, perplexity)
  return (p + p.T) / (2 * len(p))


def affinities(points: Array) -> tuple[Array, Array]:
  """Returns q(i, j) [N, N] of embedded points [N, d], and its kernel 1 / (1 + d²)."""
  kernel = 1 / (1 + squared(points)) * (1 - jnp.eye(len(points), dtype=points.dtype))
  return kernel / jnp.sum(kernel), kernel


def kl(p: Array, q: Array) -> Array:
  """Returns KL(p || q) in nats."""
  ratio = jnp.maximum(p, LEAST) / jnp.maximum(q, LEAST)
  return jnp.sum(p * jnp.log(ratio))


def gradient(p: Array, points: Array) -> Array:
  """Returns d KL / d points [N, d]; equation 5 of the paper."""
  q, kernel = affinities(points)
  weights = (p - q) * kernel
  return 4 * (jnp.sum(weights, axis=1, keepdims=True) * points - weights @ points)


@functools.partial(jax.jit, static_argnames='steps')
def descend(p: Array, start: Array, steps: int = STEPS) -> tuple[Array, Array]:
  """Moves points [N, d] down the divergence; returns them and its last value.

  Momentum is 0.5 in the first `EARLY` steps, while p is exaggerated, and 0.8 after.
  Each coordinate has a gain that grows while its gradient and its velocity disagree.
  """
  rate = max(len(p) / EXAGGERATION / 4, 50.0)

  def step(number, state):
    points, velocity, gains = state
    early = number < EARLY
    slope = gradient(jnp.where(early, EXAGGERATION, 1.0) * p, points)
    gains = jnp.where(velocity * slope < 0, gains + 0.2, gains * 0.8)
    gains = jnp.maximum(gains, 0.01)
    velocity = jnp.where(early, 0.5, 0.8) * velocity - rate * gains * slope
    return points + velocity, velocity, gains

  begin = start, jnp.zeros_like(start), jnp.ones_like(start)
  points, _, _ = jax.lax.fori_loop(0, steps, step, begin)
  return points, kl(p, affinities(points)[0])
