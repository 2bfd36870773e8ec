"""A line through points, drawn: what it leaves, what an outlier does, the descent.

Shapes: N examples, T steps.
"""

from typing import Any, NamedTuple

import numpy as np

from dl_core.data import cars
from dl_core.interpret import boundary, exact
from dl_core.interpret.exact import Fit
from dl_core.types import Claim, Picture

AXES = ('mileage, 1,000 km', 'price, 1,000 €')
CLOSE = {'squared': 1e-5, 'absolute': 1e-3}  # in deviations
SLIP = 20.0  # 1,000 €: what is added by mistake to the price of one car
LEVELS = 4.0 ** -np.arange(8.0, -0.1, -1)  # of a surface, of its height in the picture


def report(loss: str, l1: float, l2: float):
  """Makes the report of a line fitted to the cars; see `exact` for the arguments."""

  def pictures(variables, observed, data, key) -> list[Picture]:
    del variables, key
    x, y = boundary.training_set(data)
    path = np.stack([[*seen['w'], seen['b']] for seen in observed.values()])
    found = Fit(path[-1, :1], float(path[-1, 1]))
    return [
      residuals_picture(loss, found, reference(loss, x, y, l1, l2)),
      outlier_picture(),
      surface_picture(loss, path, max(observed)),
    ]

  return pictures


def reference(
  loss: str, x: np.ndarray, y: np.ndarray, l1: float, l2: float
) -> tuple[str, Fit] | None:
  """Returns the exact fit and its name; None where there is none to hold against."""
  if l1 == 0 and loss == 'squared':
    return 'the normal equations', exact.squared(x, y, l2)
  if l1 == l2 == 0:
    return 'the best line through two of the points', exact.absolute(x, y)
  return exact.scikit_learn(loss, x, y, l1, l2)


def in_units(fit: Fit) -> Fit:
  """Turns a fit of standardised cars into one of their mileages and prices."""
  (x_mean, x_deviation), (y_mean, y_deviation) = cars.scale()
  w = fit.w * y_deviation / x_deviation
  return Fit(w, y_mean + y_deviation * fit.b - x_mean * w[0])


def residuals_picture(loss: str, found: Fit, wanted: tuple[str, Fit] | None) -> Picture:
  """Draws the ten cars, the line and what it leaves of each price."""
  line, (mileage, price) = in_units(found), cars.cars('train')
  fitted = line(mileage[:, None])
  kind = 'squares' if loss == 'squared' else 'absolute values'
  claims = []
  if wanted:
    name, own = wanted
    claims = [
      Claim(
        f'Descent ends where {name} says',
        found.off(own) < CLOSE[loss],
        f'w and b differ by at most {found.off(own):.1e} deviations',
      )
    ]

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.6), layout='constrained')
    axes = figure.subplots()
    axes.vlines(mileage, price, fitted, color='C1', lw=2, label='residual')
    axes.plot(mileage, fitted, color='C0', label='fitted line')
    axes.scatter(mileage, price, color='black', s=22, zorder=3, label='car')
    axes.set_xlabel(AXES[0])
    axes.set_ylabel(AXES[1])
    axes.legend()
    return figure

  return Picture(
    'The line and its residuals',
    f'Price = {line.b:.2f} - {-line.w[0]:.4f}·mileage: of all lines the one whose '
    f'residuals have the smallest sum of {kind} (and of a penalty, if there is one).',
    draw,
    tuple(claims),
  )


def outlier_picture() -> Picture:
  """Draws both exact lines, of the ten cars and with one price wrong."""
  mileage, price = cars.cars('train')
  wrong = price.copy()
  wrong[-2] += SLIP
  fits = {
    name: [fit(mileage[:, None], values) for values in (price, wrong)]
    for name, fit in (('squared', exact.squared), ('absolute', exact.absolute))
  }
  moved = {
    name: np.abs(before(mileage[:, None]) - after(mileage[:, None])).mean()
    for name, (before, after) in fits.items()
  }

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.4), layout='constrained')
    for axes, (name, (before, after)), colour in zip(
      figure.subplots(1, 2, sharey=True), fits.items(), ('C0', 'C1'), strict=True
    ):
      ends = np.array([[mileage[0]], [mileage[-1]]])
      axes.plot(ends, before(ends), color=colour, ls=':', label='without the slip')
      axes.plot(ends, after(ends), color=colour, label='with it')
      axes.scatter(mileage, price, color='black', s=22, zorder=3)
      axes.scatter(mileage[-2], wrong[-2], color='C3', marker='X', s=60, zorder=3)
      axes.set_title(f'{name} errors', fontsize=10)
      axes.set_xlabel(AXES[0])
      axes.legend(loc='upper right')
    figure.axes[0].set_ylabel(AXES[1])
    return figure

  return Picture(
    'One wrong price',
    f'One car was written down {SLIP:g} too dear (the cross). A square weighs it '
    f'{SLIP:g} times as much as an error of 1 twice over; an absolute value does not.',
    draw,
    (
      Claim(
        'An outlier moves the line of squared errors, and hardly that of absolute ones',
        bool(moved['squared'] > 5 * moved['absolute']),
        f'by {moved["squared"]:.2f} and {moved["absolute"]:.2f} (1,000 €, mean over '
        'the cars)',
      ),
    ),
  )


class Descent(NamedTuple):
  """A path over the surface of a loss.

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
    """Returns slope and intercept where the surface is lowest."""
    fit = exact.squared if self.loss == 'squared' else exact.absolute
    line = fit(self.x[:, None], self.y)
    return float(line.w[0]), line.b

  @property
  def left(self) -> float:
    """Returns how much of the height over the lowest point the path leaves."""
    first, *_, last = self.height(*self.path.T) - self.height(*self.best)
    return float(last / first)

  @property
  def condition(self) -> float:
    """Returns the ratio of the largest curvature of the squared loss to the least."""
    design = np.stack([self.x, np.ones_like(self.x)], axis=1)
    return float(np.linalg.cond(design) ** 2)


def descended(
  loss: str, x: np.ndarray, y: np.ndarray, steps: int, size: float = 1.0
) -> Descent:
  """Descends in plain NumPy from w = b = 0, all examples in every step.

  Args:
    loss, x, y: see `Descent`.
    steps: T - 1.
    size: of a step, over the largest one that cannot overshoot squared errors.
  """
  design = np.stack([x, np.ones_like(x)], axis=1)
  rate, path = size * len(x) / np.linalg.norm(design, 2) ** 2, [np.zeros(2)]
  for _ in range(steps):
    error = design @ path[-1] - y
    slope = error if loss == 'squared' else np.sign(error)
    path.append(path[-1] - rate * design.T @ slope / len(x))
  return Descent(loss, x, y, np.stack(path))


def surface_picture(loss: str, path: np.ndarray, steps: int) -> Picture:
  """Draws the loss over (w, b) and the descent, raw and standardised.

  Args:
    loss: 'squared' or 'absolute'.
    path: standardised w and b [T, 2], as the run went.
    steps: of the run; as many are made with the raw numbers.
  """
  mileage, price = cars.cars('train')
  units = [
    (values - of[0]) / of[1]
    for values, of in zip((mileage, price), cars.scale(), strict=True)
  ]
  raw, own = descended(loss, mileage, price, steps), Descent(loss, *units, path)

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.6), layout='constrained')
    panels = zip(
      figure.subplots(1, 2), ('as they are', 'standardised'), (raw, own), strict=True
    )
    for axes, title, descent in panels:
      (w, b), points = descent.best, descent.path
      reach = [1.25 * np.abs(points[:, n] - end).max() for n, end in enumerate((w, b))]
      reach[1] = max(reach[1], reach[0] if title == 'standardised' else 0)
      grid = np.meshgrid(
        np.linspace(w - reach[0], w + reach[0], 150),
        np.linspace(b - reach[1], b + reach[1], 150),
      )
      height = descent.height(*grid) - descent.height(w, b)
      axes.contour(*grid, height, height.max() * LEVELS, colors='C2', linewidths=0.8)
      axes.plot(*points.T, color='C0', marker='.', ms=4, lw=1, label='descent')
      axes.plot(w, b, color='C1', marker='*', ms=12, ls='', label='lowest')
      axes.set_title(f'mileage and price {title}', fontsize=10)
      axes.set_xlabel('slope w')
    figure.axes[0].set_ylabel('intercept b')
    figure.axes[0].legend(loc='lower left')
    return figure

  return Picture(
    'The loss surface and the descent',
    f'Contours of the mean loss and {steps} steps from w = b = 0. With the numbers as '
    'they are (and the largest safe rate) the surface is a narrow valley: its largest '
    f'curvature is {raw.condition:,.0f} times the smallest. Standardised it is '
    f'{own.condition:.0f} times.',
    draw,
    (
      Claim(
        'Standardised, the same number of steps comes nearer to the lowest point',
        own.left < raw.left,
        f'left of the height above it: {own.left:.1e} against {raw.left:.1e}',
      ),
    ),
  )
