"""The loss surface of a line and gradient descent on it, raw and standardised.

Shapes: N examples, T steps.
"""

from typing import Any, NamedTuple

import numpy as np

from dl_core.data import cars
from dl_core.lessons.regression import exact
from dl_core.report import draw
from dl_core.types import Claim, Picture

LEVELS = 4.0 ** -np.arange(8.0, -0.1, -1)  # shares of the height in the picture


class Descent(NamedTuple):
  """A path of gradient descent on a loss surface.

  Attributes:
    loss: 'squared' or 'absolute'.
    x, y: inputs [N], numbers [N].
    path: slope and intercept [T, 2].
  """

  loss: str
  x: np.ndarray
  y: np.ndarray
  path: np.ndarray

  def height(self, w: Any, b: Any) -> np.ndarray:
    """Returns the mean loss at slopes w and intercepts b of one shape."""
    error = np.asarray(w)[..., None] * self.x + np.asarray(b)[..., None] - self.y
    each = error**2 / 2 if self.loss == 'squared' else np.abs(error)
    return each.mean(axis=-1)

  @property
  def best(self) -> tuple[float, float]:
    """Returns slope and intercept at the minimum."""
    fit = exact.squared if self.loss == 'squared' else exact.absolute
    line = fit(self.x[:, None], self.y)
    return float(line.w[0]), line.b

  @property
  def left(self) -> float:
    """Returns the final height above the minimum over the initial one."""
    first, *_, last = self.height(*self.path.T) - self.height(*self.best)
    return float(last / first)

  @property
  def condition(self) -> float:
    """Returns the condition number of the Hessian of the squared loss."""
    design = np.stack([self.x, np.ones_like(self.x)], axis=1)
    return float(np.linalg.cond(design) ** 2)


def descended(
  loss: str, x: np.ndarray, y: np.ndarray, steps: int, size: float = 1.0
) -> Descent:
  """Runs full-batch gradient descent in NumPy from w = b = 0.

  Args:
    loss, x, y: see `Descent`.
    steps: T - 1.
    size: learning rate over the largest one that is stable for squared errors.
  """
  design = np.stack([x, np.ones_like(x)], axis=1)
  rate, path = size * len(x) / np.linalg.norm(design, 2) ** 2, [np.zeros(2)]
  for _ in range(steps):
    error = design @ path[-1] - y
    slope = error if loss == 'squared' else np.sign(error)
    path.append(path[-1] - rate * design.T @ slope / len(x))
  return Descent(loss, x, y, np.stack(path))


def picture(loss: str, path: np.ndarray, steps: int) -> Picture:
  """Draws the loss over (w, b) and the descent, raw and standardised.

  Args:
    loss: 'squared' or 'absolute'.
    path: standardised w and b [T, 2] of the run.
    steps: steps of the run, and of descent on the raw numbers.
  """
  mileage, price = cars.cars('train')
  of_x, of_y = cars.scale()
  x, y = (mileage - of_x[0]) / of_x[1], (price - of_y[0]) / of_y[1]
  raw, own = descended(loss, mileage, price, steps), Descent(loss, x, y, path)
  shape = 'is a narrow valley.'
  if loss == 'squared':  # absolute errors are flat between their edges
    shape = (
      f'is a narrow valley: its largest curvature is {raw.condition:,.0f} times the '
      f'smallest. Standardised the ratio is {own.condition:.0f}.'
    )

  def show():
    titles = 'mileage and price as they are', 'mileage and price standardised'
    figure, panels = draw.panels(8, 3.6, 2, titles=titles)
    for axes, descent in zip(panels, (raw, own), strict=True):
      (w, b), points = descent.best, descent.path
      reach = [1.25 * np.abs(points[:, n] - end).max() for n, end in enumerate((w, b))]
      reach[1] = max(reach[1], reach[0] if descent is own else 0)
      grid = np.meshgrid(
        np.linspace(w - reach[0], w + reach[0], 150),
        np.linspace(b - reach[1], b + reach[1], 150),
      )
      height = descent.height(*grid) - descent.height(w, b)
      look = {'colors': draw.GREEN, 'linewidths': 0.8}
      axes.contour(*grid, height, height.max() * LEVELS, **look)
      axes.plot(*points.T, color=draw.BLUE, marker='.', ms=4, lw=1, label='descent')
      axes.plot(w, b, color=draw.ORANGE, marker='*', ms=12, ls='', label='minimum')
      axes.set_xlabel('slope w')
    panels[0].set_ylabel('intercept b')
    draw.legend(panels[0], loc='lower left')
    return figure

  return Picture(
    'The loss surface and the descent',
    f'Contours of the mean loss and {steps} steps of gradient descent from w = b = 0. '
    'With the raw numbers (and the largest learning rate that is stable for squared '
    f'errors) the surface {shape}',
    show,
    (
      Claim(
        'With standardised numbers the same number of steps ends closer to the minimum',
        own.left < raw.left,
        f'remaining height above it: {own.left:.1e} against {raw.left:.1e}',
      ),
    ),
  )
