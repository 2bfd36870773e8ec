"""Decision boundaries of growing capacity: underfitting and overfitting.

Shapes: D degrees, S seeds, each of which draws its own training examples.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dl_core.data import curved
from dl_core.lessons.boundaries import linear, regions
from dl_core.report import draw
from dl_core.types import Claim, Picture


class Errors(NamedTuple):
  """Errors of classifiers of each degree.

  Attributes:
    degrees: D degrees, the lowest first.
    train, validation, test: error rates [D, S].
  """

  degrees: Sequence[int]
  train: np.ndarray
  validation: np.ndarray
  test: np.ndarray


def pictures(runs: Mapping[int, Sequence[Any]]) -> list[Picture]:
  """Draws {degree: its finished run for each seed}, the lowest degree first."""
  fits = {degree: [linear.of(run) for run in same] for degree, same in runs.items()}
  shares = np.array(
    [
      [(fit.train.error, 1 - last(run), fit.test.error) for run, fit in pairs]
      for pairs in (zip(runs[d], fits[d], strict=True) for d in runs)
    ]
  )
  errors = Errors(list(runs), *np.moveaxis(shares, -1, 0))
  return [
    boundaries({degree: same[0] for degree, same in fits.items()}),
    curve(errors),
  ]


def last(run: Any) -> float:
  """Returns the last validation accuracy of a finished run."""
  return [line for line in run.lines if line['split'] == 'validation'][-1]['accuracy']


def boundaries(fits: Mapping[int, linear.Fitted]) -> Picture:
  """Draws the boundary of each degree and its training examples."""

  def show():
    across = min(3, len(fits))
    size = 2.7 * across, 2.75 * -(-len(fits) // across)
    titles = [
      f'degree {d}: training {fit.train.error:.0%}, test {fit.test.error:.0%}'
      for d, fit in fits.items()
    ]
    share = {'sharex': True, 'sharey': True}
    figure, panels = draw.panels(*size, len(fits), across, titles, **share)
    box = (-np.ones(2), np.ones(2))
    for axes, fit in zip(panels, fits.values(), strict=True):
      regions.shade(axes, fit.logits, box)
      x = np.linspace(-1, 1, regions.GRID)
      look = {'color': draw.PINK, 'ls': '--', 'lw': 2}
      axes.plot(x, curved.curve(x), label='true boundary', **look)
      regions.scatter(axes, fit.train.x, fit.train.y, curved.CLASSES)
      axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    figure.legend(
      *panels[0].get_legend_handles_labels(), loc='outside lower center', ncols=3
    )
    return figure

  count = len(next(iter(fits.values())).train.y)
  return Picture(
    'Boundaries of growing capacity',
    f'The same {count} training examples and polynomials g of growing degree, with '
    'their training and test errors. One label in ten is flipped; the boundaries of '
    'the highest degrees fit those labels too.',
    show,
  )


def curve(errors: Errors) -> Picture:
  """Draws training and test error over the degree."""
  seeds = errors.test.shape[1]

  def show():
    figure, axes = draw.panel(5.6, 3.6, xlabel='degree of the polynomial: capacity')
    linear.error_bars(axes, errors.degrees, errors.train, errors.test)
    draw.guide(axes, y=100 * curved.TURNED, color='black', label='flipped labels')
    axes.set_ylim(bottom=0)
    axes.set_xticks(errors.degrees)
    draw.legend(axes)
    return figure

  return Picture(
    'Too simple, too complex',
    f'Mean and standard deviation over {seeds} draws of the training examples.',
    show,
    tuple(claims(errors)),
  )


def claims(errors: Errors) -> list[Claim]:
  """Makes the claims about training error, test error and model selection."""
  degrees, train, test = errors.degrees, errors.train, errors.test
  rises = [later - earlier for earlier, later in itertools.pairwise(train)]
  worst = max(rises, key=np.mean, default=np.zeros(1))
  low = int(np.argmin(errors.validation.mean(axis=1)))  # not chosen on the test
  sides = [test[end] - test[low] for end in (0, -1)]
  chosen, closest = occam(errors), int(np.argmin(train.mean(axis=1)))
  lost = test[closest] - test[chosen]
  first, lowest, final = 100 * test[[0, low, -1]].mean(axis=1)
  return [
    Claim(
      'Training error falls as capacity grows, and nowhere rises by more than three '
      'standard errors',
      train[-1].mean() < train[0].mean() and np.mean(worst) <= 3 * linear.doubt(worst),
      f'{train[0].mean():.1%} to {train[-1].mean():.1%}',
    ),
    Claim(
      'Test error is U-shaped: the lowest and the highest capacity have a higher test '
      'error than the best on validation, by more than twice the standard error',
      all(np.mean(side) > 2 * linear.doubt(side) for side in sides),
      f'{first:.1f} % at degree {degrees[0]}, {lowest:.1f} % at {degrees[low]}, '
      f'{final:.1f} % at {degrees[-1]}',
    ),
    Claim(
      'The highest capacity fits the noise: its training error is below the share of '
      'flipped labels',
      train[-1].mean() < curved.TURNED,
      f'{train[-1].mean():.1%} errors with {curved.TURNED:.0%} of the labels flipped',
    ),
    Claim(
      "Occam's razor: the lowest degree within one standard error of the best on "
      'validation has a lower test error than the degree with the lowest training '
      'error',
      np.mean(lost) > 2 * linear.doubt(lost),
      f'degree {degrees[chosen]}: {test[chosen].mean():.1%}, degree '
      f'{degrees[closest]}: {test[closest].mean():.1%}',
    ),
  ]


def occam(errors: Errors) -> int:
  """Returns the index of the lowest degree within one standard error of the best.

  The one-standard-error rule of Breiman et al. 1984, Classification and Regression
  Trees, 3.4.3, on validation errors.
  """
  mean = errors.validation.mean(axis=1)
  best = int(np.argmin(mean))
  return int(np.argmax(mean <= mean[best] + linear.doubt(errors.validation[best])))
