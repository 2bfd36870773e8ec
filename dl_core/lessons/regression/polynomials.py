"""Polynomials fitted to noisy points of a sine, with and without a penalty.

The example of Bishop, "Pattern Recognition and Machine Learning", 2006, section 1.1,
over many draws of the points. All fits are exact, in float64.

Shapes: N points, D draws, M degree, G places of a fine grid.
"""

from typing import Any

import numpy as np

POINTS, MOST = 10, 9  # as many powers as points: 1, x ... x⁹
GRID = np.linspace(0, 1, 1_001)


def sine(x: Any) -> np.ndarray:
  """Returns sin(2πx), the function without noise."""
  return np.sin(2 * np.pi * np.asarray(x))


def points(
  seed: int, draws: int, noise: float, n: int = POINTS
) -> tuple[np.ndarray, np.ndarray]:
  """Draws x [N, D], one point in each Nth of [0, 1], and noisy sines of them."""
  random = np.random.RandomState(seed)
  x = (np.arange(n)[:, None] + random.uniform(size=(n, draws))) / n
  return x, sine(x) + noise * random.standard_normal((n, draws))


def fitted(x: np.ndarray, t: np.ndarray, degree: int) -> np.ndarray:
  """Returns the least-squares coefficients [M + 1, D] of Legendre polynomials.

  The curves are the same as with powers of x, and better conditioned.
  """
  return least_squares(basis(x, degree), t)


def basis(x: np.ndarray, degree: int) -> np.ndarray:
  """Returns Legendre polynomials [..., M + 1] of [0, 1] at x [...]."""
  return np.polynomial.legendre.legvander(2 * x - 1, degree)


def ridge(x: np.ndarray, t: np.ndarray, degree: int, strength: float) -> np.ndarray:
  """Returns the coefficients [M + 1, D] of powers of x, minimising ½Σ(f - t)² + ½λΣw².

  The sum is Bishop's; for a mean over N points λ is divided by N. All of w is
  penalised, as there.
  """
  zeros = np.zeros((degree + 1, t.shape[1]))
  shrunk = np.sqrt(strength) * np.eye(degree + 1)[:, None] + zeros[..., None]
  rows = np.concatenate([powers(x, degree), shrunk])
  return least_squares(rows, np.concatenate([t, zeros]))


def powers(x: np.ndarray, degree: int) -> np.ndarray:
  """Returns 1, x ... of x [...] as [..., M + 1]."""
  return x[..., None] ** np.arange(degree + 1)


def least_squares(rows: np.ndarray, wanted: np.ndarray) -> np.ndarray:
  """Returns least-squares coefficients [M + 1, D] for rows [N, D, M + 1]."""
  q, r = np.linalg.qr(np.moveaxis(rows, 1, 0))
  right = np.einsum('dnm,nd->dm', q, wanted)
  return np.linalg.solve(r, right[..., None])[..., 0].T


def curve(rows: np.ndarray, w: np.ndarray) -> np.ndarray:
  """Returns the values [N, D] of curves w [M + 1, D], from rows [N, (D,) M + 1]."""
  return np.einsum('ndm,md->nd', rows, w) if rows.ndim == 3 else rows @ w


def errors(
  at: np.ndarray, t: np.ndarray, everywhere: np.ndarray, noise: float
) -> np.ndarray:
  """Returns root-mean-square errors [2, D]: on the points, and expected on new ones.

  Args:
    at: the curves at the points [N, D].
    t: the points.
    everywhere: the curves on the grid [G, D].
    noise: the standard deviation of new points from the sine.
  """
  new = np.mean((everywhere - sine(GRID)[:, None]) ** 2, axis=0) + noise**2
  return np.sqrt(np.stack([np.mean((at - t) ** 2, axis=0), new]))


def of_degree(x: np.ndarray, t: np.ndarray, degree: int, noise: float) -> np.ndarray:
  """Returns the errors [2, D] of least squares of a degree."""
  w = fitted(x, t, degree)
  at, everywhere = (curve(basis(places, degree), w) for places in (x, GRID))
  return errors(at, t, everywhere, noise)
