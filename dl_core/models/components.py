"""Principal components, and the probabilistic model whose optimum they are.

Tipping & Bishop, "Probabilistic principal component analysis", 1999,
https://doi.org/10.1111/1467-9868.00196: x = W z + mean + noise of variance v.

Shapes: N points, D dimensions, Z components.
"""

import math
from typing import NamedTuple

import numpy as np


class Components(NamedTuple):
  """The principal components of points.

  Attributes:
    mean: [D].
    directions: [Z, D], orthonormal, those of most variance first.
    variances: [D], of all directions, in descending order; divided by N - 1.
  """

  mean: np.ndarray
  directions: np.ndarray
  variances: np.ndarray


def fit(x: np.ndarray, count: int) -> Components:
  """Finds the first Z principal components of points [N, D], in float64."""
  x = np.asarray(x, np.float64).reshape(len(x), -1)
  mean = x.mean(axis=0)
  _, sizes, directions = np.linalg.svd(x - mean, full_matrices=False)
  variances = np.zeros(x.shape[1])
  variances[: len(sizes)] = np.square(sizes) / (len(x) - 1)
  return Components(mean, directions[:count], variances)


def encoded(found: Components, x: np.ndarray) -> np.ndarray:
  """Returns the codes [N, Z] of points [N, D]."""
  return (np.asarray(x, np.float64).reshape(len(x), -1) - found.mean) @ (
    found.directions.T
  )


def decoded(found: Components, codes: np.ndarray) -> np.ndarray:
  """Returns the points [N, D] of codes [N, Z]."""
  return codes @ found.directions + found.mean


def error(found: Components, x: np.ndarray) -> float:
  """Returns the squared error of a reconstruction, averaged over points [N, D]."""
  flat = np.asarray(x, np.float64).reshape(len(x), -1)
  again = decoded(found, encoded(found, flat))
  return float(np.mean(np.sum(np.square(flat - again), axis=1)))


def log_likelihood(found: Components, x: np.ndarray) -> float:
  """Returns the mean log density, in nats, of points under probabilistic PCA.

  W = directionsᵀ √(variances - v), and v is the mean of the variances left out.

  Raises:
    ValueError: no variance is left out, as Z = D.
  """
  if len(found.directions) >= len(found.variances):
    raise ValueError(
      f'{len(found.directions)} components leave no variance for the noise of '
      f'{len(found.variances)} dimensions'
    )
  x = np.asarray(x, np.float64).reshape(len(x), -1) - found.mean
  count, dimensions = found.directions.shape
  kept, noise = found.variances[:count], found.variances[count:].mean()
  codes = x @ found.directions.T
  square = np.sum(np.square(codes) / kept, axis=1)
  square += (np.sum(np.square(x), axis=1) - np.sum(np.square(codes), axis=1)) / noise
  volume = np.sum(np.log(kept)) + (dimensions - count) * math.log(noise)
  constant = dimensions * math.log(2 * math.pi)
  return float(-0.5 * (constant + volume + square.mean()))
