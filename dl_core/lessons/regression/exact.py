"""Reference solutions of linear regression, computed without gradient descent.

All minimise the mean of ½(y - f)² or of |y - f|, plus l1·Σ|w|, plus ½·l2·Σw², for
f = x·w + b; b is not penalised. Shapes: N examples, F columns.
"""

import itertools
from typing import Any, NamedTuple

import numpy as np


class Fit(NamedTuple):
  """A linear function x·w + b.

  Attributes:
    w: weights [F].
    b: the intercept.
  """

  w: np.ndarray
  b: float

  def __call__(self, x: Any) -> Any:
    return np.asarray(x) @ self.w + self.b

  def off(self, other: 'Fit') -> float:
    """Returns the largest difference from another fit's weights and intercept."""
    return max(float(np.abs(self.w - other.w).max()), abs(float(self.b - other.b)))


def squared(x: np.ndarray, y: np.ndarray, l2: float = 0.0) -> Fit:
  """Returns the minimum of squared errors, by the normal equations in float64."""
  x, y = x.astype(np.float64), y.astype(np.float64)
  middle, mean = x.mean(axis=0), y.mean()
  centred = x - middle
  gram = centred.T @ centred / len(x) + l2 * np.eye(x.shape[1])
  w = np.linalg.solve(gram, centred.T @ (y - mean) / len(x))
  return Fit(w, float(mean - middle @ w))


def absolute(x: np.ndarray, y: np.ndarray) -> Fit:
  """Returns the line, F = 1, with the least absolute errors.

  The loss is piecewise linear, so that its minimum is at a line through two points.
  """
  best, least = Fit(np.zeros(1), float(np.median(y))), np.inf
  points = list(zip(x[:, 0].astype(np.float64), y.astype(np.float64), strict=True))
  for (x1, y1), (x2, y2) in itertools.combinations(points, 2):
    if x1 == x2:
      continue
    slope = (y2 - y1) / (x2 - x1)
    line = Fit(np.array([slope]), y1 - slope * x1)
    if (loss := np.abs(y - line(x)).mean()) < least:
      best, least = line, loss
  return best


def scikit_learn(
  loss: str, x: np.ndarray, y: np.ndarray, l1: float = 0.0, l2: float = 0.0
) -> tuple[str, Fit] | None:
  """Fits a model of scikit-learn with the penalties in its own scale.

  Ridge sums squares without ½ where we take the mean, so its alpha is N·l2. Lasso takes
  the mean with ½, so its alpha is l1. The alpha of ElasticNet is l1 + l2, its l1_ratio
  the share of l1. QuantileRegressor halves absolute errors, so its alpha is l1 / 2.

  Args:
    loss: 'squared' or 'absolute'.
    x, y: inputs [N, F], numbers [N].
    l1, l2: the strengths of the penalties.

  Returns:
    The name of the class and the fit; None if there is no such class (absolute with
    l2).
  """
  from sklearn import linear_model

  exact = {'tol': 1e-10, 'max_iter': 100_000}
  if loss == 'absolute':
    if l2:
      return None
    model = linear_model.QuantileRegressor(quantile=0.5, alpha=l1 / 2)
  elif l1 and l2:
    model = linear_model.ElasticNet(alpha=l1 + l2, l1_ratio=l1 / (l1 + l2), **exact)
  elif l1:
    model = linear_model.Lasso(alpha=l1, **exact)
  elif l2:
    model = linear_model.Ridge(alpha=len(x) * l2)
  else:
    model = linear_model.LinearRegression()
  model.fit(x.astype(np.float64), y.astype(np.float64))
  return type(model).__name__, Fit(model.coef_, float(model.intercept_))
