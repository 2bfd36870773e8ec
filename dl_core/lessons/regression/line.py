"""A fitted line: its residuals and the effect of an outlier.

Shapes: N examples, T steps.
"""

import numpy as np

from dl_core.data import cars
from dl_core.lessons.boundaries import separation
from dl_core.lessons.regression import exact, surface
from dl_core.lessons.regression.exact import Fit
from dl_core.report import claims, draw
from dl_core.types import Claim, Picture

AXES = ('mileage, 1,000 km', 'price, 1,000 €')
CLOSE = {'squared': 1e-5, 'absolute': 1e-3}  # in standard deviations
SLIP = 20.0  # 1,000 €, added by mistake to the price of one car


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
  """Returns the name of the exact fit and the fit; None if there is none."""
  if l1 == 0 and loss == 'squared':
    return 'the solution of the normal equations', exact.squared(x, y, l2)
  if l1 == l2 == 0:
    return 'the best line through two of the points', exact.absolute(x, y)
  found = exact.scikit_learn(loss, x, y, l1, l2)
  return found and (f"scikit-learn's {found[0]}", found[1])


def in_units(fit: Fit) -> Fit:
  """Converts a fit of standardised cars to their mileages and prices."""
  (x_mean, x_deviation), (y_mean, y_deviation) = cars.scale()
  w = fit.w * y_deviation / x_deviation
  return Fit(w, y_mean + y_deviation * fit.b - x_mean * w[0])


def residuals_picture(loss: str, found: Fit, wanted: tuple[str, Fit] | None) -> Picture:
  """Draws the ten cars, the line and the residuals."""
  line, (mileage, price) = in_units(found), cars.cars('train')
  fitted = line(mileage[:, None])
  kind = 'squares' if loss == 'squared' else 'absolute values'
  checked: list[Claim] = []
  if wanted:
    name, own = wanted
    sentence = f'Gradient descent ends at {name}'
    checked = [claims.identity(sentence, found.off(own), 0, CLOSE[loss])]

  def show():
    figure, axes = draw.panel(6, 3.6, xlabel=AXES[0], ylabel=AXES[1])
    axes.vlines(mileage, price, fitted, color=draw.ORANGE, lw=2, label='residual')
    axes.plot(mileage, fitted, color=draw.BLUE, label='fitted line')
    axes.scatter(mileage, price, color='black', s=22, zorder=3, label='car')
    draw.legend(axes)
    return figure

  return Picture(
    'The line and its residuals',
    f'Price = {line.b:.2f} - {-line.w[0]:.4f}·mileage, the line with the smallest sum '
    f'of the {kind} of its residuals (plus the penalty, if there is one).',
    show,
    tuple(checked),
  )


def outlier_picture() -> Picture:
  """Draws both exact lines, for the ten cars and with one wrong price."""
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

  def show():
    titles = [f'{name} errors' for name in fits]
    figure, panels = draw.panels(8, 3.4, 2, titles=titles, sharey=True)
    ends = np.array([[mileage[0]], [mileage[-1]]])
    for axes, (before, after), colour in zip(
      panels, fits.values(), draw.COLOURS, strict=False
    ):
      axes.plot(ends, before(ends), color=colour, ls=':', label='without the slip')
      axes.plot(ends, after(ends), color=colour, label='with it')
      axes.scatter(mileage, price, color='black', s=22, zorder=3)
      axes.scatter(mileage[-2], wrong[-2], color=draw.PINK, marker='X', s=60, zorder=3)
      axes.set_xlabel(AXES[0])
      draw.legend(axes, loc='lower left')
    panels[0].set_ylabel(AXES[1])
    return figure

  return Picture(
    'One wrong price',
    f'The price of one car is {SLIP:g} too high by mistake (the cross). With squared '
    'errors its gradient grows with its distance from the line; with absolute errors '
    'it is the same as for any other car above the line.',
    show,
    (
      Claim(
        'An outlier moves the line of squared errors much more than the line of '
        'absolute errors',
        moved['squared'] > 5 * moved['absolute'],
        f'by {moved["squared"]:.2f} and {moved["absolute"]:.2f} (1,000 €, mean over '
        'the cars)',
      ),
    ),
  )
