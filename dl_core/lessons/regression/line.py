"""A line through points, drawn: what it leaves, and what an outlier does to it.

Shapes: N examples, T steps.
"""

import numpy as np

from dl_core.data import cars
from dl_core.lessons.boundaries import separation
from dl_core.lessons.regression import exact, surface
from dl_core.lessons.regression.exact import Fit
from dl_core.types import Claim, Picture

AXES = ('mileage, 1,000 km', 'price, 1,000 €')
CLOSE = {'squared': 1e-5, 'absolute': 1e-3}  # in deviations
SLIP = 20.0  # 1,000 €: what is added by mistake to the price of one car


def report(loss: str, l1: float, l2: float):
  """Makes the report of a line fitted to the cars; see `exact` for the arguments."""

  def pictures(variables, observed, data, key) -> list[Picture]:
    del variables, key
    x, y = separation.training_set(data)
    path = np.stack([[*seen['w'], seen['b']] for seen in observed.values()])
    found = Fit(path[-1, :1], float(path[-1, 1]))
    drawn = [
      residuals_picture(loss, found, reference(loss, x, y, l1, l2)),
      outlier_picture(),
    ]
    # A penalty would bend the surface.
    return drawn if l1 or l2 else [*drawn, surface.picture(loss, path, max(observed))]

  return pictures


def reference(
  loss: str, x: np.ndarray, y: np.ndarray, l1: float, l2: float
) -> tuple[str, Fit] | None:
  """Returns the exact fit and its name; None where there is none to hold against."""
  if l1 == 0 and loss == 'squared':
    return 'what the normal equations give', exact.squared(x, y, l2)
  if l1 == l2 == 0:
    return 'the best line through two of the points', exact.absolute(x, y)
  found = exact.scikit_learn(loss, x, y, l1, l2)
  return found and (f"scikit-learn's {found[0]}", found[1])


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
        f'Descent ends at {name}',
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
      axes.legend(loc='lower left')
    figure.axes[0].set_ylabel(AXES[1])
    return figure

  return Picture(
    'One wrong price',
    f'One car was written down {SLIP:g} too dear (the cross). Its pull on the line of '
    'squared errors grows with its distance; on that of absolute errors it is that of '
    'any other car above the line.',
    draw,
    (
      Claim(
        'An outlier moves the line of squared errors, hardly that of absolute ones',
        bool(moved['squared'] > 5 * moved['absolute']),
        f'by {moved["squared"]:.2f} and {moved["absolute"]:.2f} (1,000 €, mean over '
        'the cars)',
      ),
    ),
  )
