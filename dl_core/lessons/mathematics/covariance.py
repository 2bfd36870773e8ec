"""Expectation, variance and covariance of two variables.

Shapes: D draws, T points in each.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from dl_core.lessons.mathematics import chance, probability
from dl_core.report import claims, draw
from dl_core.types import Array, Claim, Picture

SLOPE = 0.8  # the correlation of the first panel
INSIDE = 1 - np.exp(-2)  # the share of a 2-D Gaussian within two standard deviations


class Cloud(NamedTuple):
  """Points in the plane and the closed form of their covariance.

  Attributes:
    points: [D, T, 2].
    closed: [2, 2] covariance matrix.
  """

  points: np.ndarray
  closed: np.ndarray

  @property
  def sampled(self) -> np.ndarray:
    """Unbiased covariances of x and y [D], each from T points."""
    x, y = np.moveaxis(self.points - self.points.mean(axis=1, keepdims=True), -1, 0)
    return np.sum(x * y, axis=1) / (x.shape[1] - 1)

  @property
  def inside(self) -> float:
    """The share of the points within two standard deviations of the mean, (0, 0)."""
    square = np.einsum(
      'dti,ij,dtj->dt', self.points, np.linalg.inv(self.closed), self.points
    )
    return float(np.mean(square < 4))

  @property
  def agrees(self) -> bool:
    """Whether their mean is the closed form, within four standard errors."""
    off = self.sampled.mean() - self.closed[0, 1]
    return bool(abs(off) < 4 * self.sampled.std() / len(self.sampled) ** 0.5)


def pictures(seed: int, draws: int, samples: int) -> list[Picture]:
  """Makes the picture of this module.

  Args:
    seed: seed of all random draws.
    draws: number of repetitions and of random tables for the claims.
    samples: number of points in each repetition.
  """
  random = np.random.default_rng(seed)
  z = random.normal(size=(draws, samples, 2))
  linear = np.array([[1, 0], [SLOPE, (1 - SLOPE**2) ** 0.5]])
  square = np.stack([z[..., 0], z[..., 0] ** 2 - 1], axis=-1)
  clouds = {
    f'covariance {SLOPE}': Cloud(z @ linear.T, linear @ linear.T),
    'independent: covariance 0': Cloud(z, np.eye(2)),
    'y = x² − 1: covariance 0': Cloud(square, np.diag([1.0, 2.0])),
  }
  return [picture(clouds, chance.tables(random, draws, 4, 5), random)]


def laws(tables: Array, x: np.ndarray, y: np.ndarray) -> dict[str, tuple[Any, Any]]:
  """Returns {law: its two sides [D] each} for tables of two variables.

  Args:
    tables: P(x, y) [D, X, Y].
    x, y: the values [D, X, 1] and [D, 1, Y] of the outcomes.
  """

  def sides(p, x, y):
    mean, var, cov = (
      probability.expectation, probability.variance, probability.covariance,
    )  # fmt: skip
    independent = probability.marginal(p, 0) * probability.marginal(p, 1)
    return {
      'E[2x + y] = 2 E[x] + E[y]': (mean(p, 2 * x + y), 2 * mean(p, x) + mean(p, y)),
      'Var[x] = E[x²] − E[x]²': (var(p, x), mean(p, x**2) - mean(p, x) ** 2),
      'Var[x + y] = Var[x] + Var[y] + 2 Cov[x, y]': (
        var(p, x + y),
        var(p, x) + var(p, y) + 2 * cov(p, x, y),
      ),
      'Cov[x, y] = 0 if P(x, y) = P(x) P(y)': (cov(independent, x, y), jnp.zeros(())),
    }

  return chance.over(sides, tables, x, y)


def picture(
  clouds: Mapping[str, Cloud], tables: Array, random: np.random.Generator
) -> Picture:
  """Draws clouds of points and the ellipses of their covariances.

  Args:
    clouds: {name: points}: a Gaussian with covariance, one without, and a parabola.
    tables: random tables [D, X, Y] for the laws.
    random: generator of the values of the outcomes.
  """
  x, y = (
    random.uniform(-1, 1, (len(tables), *sides)).astype(np.float32)
    for sides in ((tables.shape[1], 1), (1, tables.shape[2]))
  )
  law = laws(tables, x, y)
  left, right = (np.stack(each) for each in zip(*law.values(), strict=True))
  tilted, round_, bent = clouds.values()
  # u is -1, 0 or 1, equally likely, and v = u².
  p = np.array([[[0, 1], [1, 0], [0, 1]]], np.float32) / 3
  u, v = jnp.array([[-1.0], [0], [1]]), jnp.array([[0.0, 1]])
  table, dependence = chance.over(
    lambda p: (probability.covariance(p, u, v), probability.dependence(p, 0, 1)),
    p,
  )

  def show():
    figure, panels = draw.panels(8.5, 3, 3, titles=list(clouds))
    turn = np.linspace(0, 2 * np.pi, 100)
    circle = np.stack([np.cos(turn), np.sin(turn)])
    for axes, cloud in zip(panels, clouds.values(), strict=True):
      ellipse = 2 * np.linalg.cholesky(cloud.closed) @ circle
      axes.plot(*cloud.points[0, :250].T, '.', ms=3, color=draw.BLUE, alpha=0.7)
      axes.plot(*ellipse, color=draw.ORANGE, lw=2)
      axes.set(xlim=(-4, 4), ylim=(-4, 4), aspect='equal', xlabel='x')
    panels[0].set_ylabel('y')
    return figure

  return Picture(
    'Covariance: moving together',
    'Points, and the ellipse of two standard deviations from the closed form of their '
    'covariance matrix. On the right x determines y, and still their covariance is 0: '
    'covariance measures linear dependence only.',
    show,
    (
      claims.identity(f'These laws hold: {"; ".join(law)}', left, right, 1e-6),
      Claim(
        'The mean of sampled covariances is the closed form',
        tilted.agrees and round_.agrees,
        f'{tilted.sampled.mean():.4f} for {tilted.closed[0, 1]:g}, '
        f'{round_.sampled.mean():.4f} for {round_.closed[0, 1]:g}, by '
        f'{len(tilted.points)} times {tilted.points.shape[1]:,} points',
      ),
      Claim(
        'The ellipse of two standard deviations holds 1 − e⁻² = 86.5 % of a Gaussian',
        abs(tilted.inside - INSIDE) < 0.005,
        f'{tilted.inside:.2%}',
      ),
      Claim(
        'Dependent variables may have a covariance of 0',
        bent.agrees and abs(table[0]) < 1e-6 and dependence[0] > 0.1,
        f'y = x² − 1: {bent.sampled.mean():.4f} on average; u of −1, 0, 1 and v = u²: '
        f'covariance {table[0]:.0e}, P(u, v) and P(u)·P(v) differ by '
        f'{dependence[0]:.2f}',
      ),
    ),
  )
