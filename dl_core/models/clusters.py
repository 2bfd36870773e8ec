"""Clusters: k-means and mixtures of Gaussians, which need no gradient.

Lloyd, "Least squares quantization in PCM", 1982, https://doi.org/10.1109/TIT.1982.1056489;
started as in Arthur & Vassilvitskii 2007 (k-means++); Dempster, Laird & Rubin 1977 for
EM. `matched` compares clusters, which have no names, with classes.

Shapes: N points, D dimensions, K clusters.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import linalg

from dl_core.types import Array, Key


class Clusters(NamedTuple):
  """The result of k-means.

  Attributes:
    centres: [K, D].
    labels: [N], the nearest centre of each point.
    inertia: Σ of squared distances of the points to their centres.
    history: [most + 1], the inertia before each step; the last inertia fills the rest.
    steps: number of steps until no point changed its cluster, at most `most`.
  """

  centres: Array
  labels: Array
  inertia: Array
  history: Array
  steps: Array


class Mixture(NamedTuple):
  """A mixture of Gaussians: Σ_k weights_k N(means_k, covariances_k)."""

  weights: Array  # [K]
  means: Array  # [K, D]
  covariances: Array  # [K, D, D]


def squares(x: Array, centres: Array) -> Array:
  """Returns squared distances [N, K] of points [N, D] to centres [K, D]."""
  return jax.vmap(lambda c: jnp.sum(jnp.square(x - c[None]), axis=1), out_axes=1)(
    centres
  )


@functools.partial(jax.jit, static_argnums=1)
def seeded(x: Array, count: int, key: Key) -> Array:
  """Draws K centres [K, D] from the points, far from each other (k-means++)."""

  def draw(nearest, key):  # an infinite distance: there is no centre yet
    chances = jnp.where(jnp.isinf(nearest), 0.0, jnp.log(nearest))
    centre = x[jax.random.categorical(key, chances)]
    return jnp.minimum(nearest, squares(x, centre[None])[:, 0]), centre

  start = jnp.full(len(x), jnp.inf)
  return jax.lax.scan(draw, start, jax.random.split(key, count))[1]


@functools.partial(jax.jit, static_argnums=2)
def lloyd(x: Array, centres: Array, most: int = 300) -> Clusters:
  """Moves centres to the means of their points, until no point changes its cluster.

  An empty cluster restarts at the point that is farthest from its centre.

  Args:
    x: [N, D].
    centres: [K, D], where the centres start.
    most: largest number of steps.
  """
  count = len(centres)

  def assigned(centres):
    distances = squares(x, centres)
    labels = jnp.argmin(distances, axis=1)
    nearest = jnp.min(distances, axis=1)
    return labels, nearest

  def moved(labels, nearest, centres):
    ones = jax.nn.one_hot(labels, count)
    sizes = jnp.sum(ones, axis=0)
    means = (ones.T @ x) / jnp.maximum(sizes, 1)[:, None]
    empty = sizes == 0
    rank = jnp.cumsum(empty) - 1  # the first empty cluster has the farthest point
    far = x[jnp.argsort(-nearest)[jnp.where(empty, rank, 0)]]
    return jnp.where(empty[:, None], far, means)

  def unfinished(carry):
    step, _, _, _, changed, _ = carry
    return changed & (step < most)

  def body(carry):
    step, centres, labels, nearest, _, history = carry
    centres = moved(labels, nearest, centres)
    again, nearest = assigned(centres)
    history = jnp.where(jnp.arange(most + 1) > step, jnp.sum(nearest), history)
    return step + 1, centres, again, nearest, jnp.any(again != labels), history

  labels, nearest = assigned(centres)
  history = jnp.full(most + 1, jnp.sum(nearest))
  start = (jnp.asarray(0), centres, labels, nearest, jnp.asarray(True), history)
  steps, centres, labels, nearest, _, history = jax.lax.while_loop(
    unfinished, body, start
  )
  return Clusters(centres, labels, jnp.sum(nearest), history, steps)


@jax.jit
def log_densities(mixture: Mixture, x: Array) -> Array:
  """Returns log(weight_k N(x; mean_k, covariance_k)), [N, K], of points [N, D]."""

  def one(weight, mean, covariance):
    lower = linalg.cholesky(covariance, lower=True)
    white = linalg.solve_triangular(lower, (x - mean[None]).T, lower=True)
    volume = jnp.sum(jnp.log(jnp.diag(lower)))
    constant = jnp.log(weight) - volume - x.shape[1] / 2 * jnp.log(2 * jnp.pi)
    return constant - 0.5 * jnp.sum(jnp.square(white), axis=0)

  return jax.vmap(one, out_axes=1)(*mixture)


@functools.partial(jax.jit, static_argnums=(2, 3))
def expectation_maximisation(
  x: Array, mixture: Mixture, steps: int = 100, floor: float = 1e-6
) -> tuple[Mixture, Array]:
  """Fits a mixture: E-step and M-step in turn.

  Args:
    x: [N, D].
    mixture: the mixture to start from.
    steps: number of E-steps, each followed by an M-step.
    floor: added to the variances, so that no Gaussian shrinks to a point.

  Returns:
    The mixture, and the mean log p(x) of the points [steps + 1], before each step and
    at the end.
  """

  def step(mixture, _):
    log_p = log_densities(mixture, x)
    total = jax.nn.logsumexp(log_p, axis=1)
    share = jnp.exp(log_p - total[:, None])  # [N, K]
    sizes = jnp.sum(share, axis=0) + 10 * jnp.finfo(x.dtype).eps
    means = (share.T @ x) / sizes[:, None]

    def covariance(own, mean, size):
      centred = x - mean[None]
      square = (own[:, None] * centred).T @ centred / size
      return square + floor * jnp.eye(x.shape[1])

    covariances = jax.vmap(covariance, in_axes=(1, 0, 0))(share, means, sizes)
    return Mixture(sizes / len(x), means, covariances), jnp.mean(total)

  mixture, history = jax.lax.scan(step, mixture, None, length=steps)
  last = jnp.mean(jax.nn.logsumexp(log_densities(mixture, x), axis=1))
  return mixture, jnp.append(history, last)


def begun(x: Array, labels: Array, count: int, floor: float = 1e-6) -> Mixture:
  """Returns the mixture whose Gaussians have the moments of K clusters.

  Args:
    x: [N, D].
    labels: [N], the cluster of each point.
    count: K.
    floor: added to the variances.
  """
  share = jax.nn.one_hot(labels, count)
  sizes = jnp.sum(share, axis=0) + 10 * jnp.finfo(x.dtype).eps
  means = (share.T @ x) / sizes[:, None]
  centred = x[:, None] - means[None]
  covariances = jnp.einsum('nk,nkd,nke->kde', share, centred, centred)
  covariances = covariances / sizes[:, None, None] + floor * jnp.eye(x.shape[1])[None]
  return Mixture(sizes / len(x), means, covariances)


def matched(labels: np.ndarray, classes: np.ndarray) -> float:
  """Returns the accuracy under the best one-to-one matching of clusters and classes.

  The matching is found by the Hungarian method (Kuhn 1955).

  Args:
    labels: [N] numbers of clusters.
    classes: [N] numbers of classes.
  """
  from scipy.optimize import linear_sum_assignment

  sides = int(max(np.max(labels), np.max(classes))) + 1
  table = np.zeros((sides, sides), int)
  np.add.at(table, (labels, classes), 1)
  rows, columns = linear_sum_assignment(-table)
  return float(table[rows, columns].sum() / len(labels))
