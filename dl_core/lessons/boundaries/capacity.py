"""Boundaries of growing capacity: too stiff, about right, bent around every example.

Shapes: D degrees, S seeds, each of which draws its own training examples.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dl_core.data import curved
from dl_core.lessons.boundaries import linear, regions
from dl_core.types import Claim, Picture


class Errors(NamedTuple):
  """What classifiers of each degree read wrong.

  Attributes:
    degrees: D of them, the lowest first.
    train, validation, test: shares [D, S] read wrong.
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
  """Returns the last accuracy on validation of a finished run."""
  return [line for line in run.lines if line['split'] == 'validation'][-1]['accuracy']


def boundaries(fits: Mapping[int, linear.Fitted]) -> Picture:
  """Draws the boundary of each degree and the examples that it learnt from."""

  def draw():
    from matplotlib.figure import Figure

    across = min(3, len(fits))
    down = -(-len(fits) // across)
    figure = Figure(figsize=(2.7 * across, 2.75 * down), layout='constrained')
    panels = figure.subplots(
      down, across, squeeze=False, sharex=True, sharey=True
    ).ravel()
    box = (-np.ones(2), np.ones(2))
    for axes in panels:
      axes.axis('off')
    for axes, (degree, fit) in zip(panels, fits.items(), strict=False):
      axes.axis('on')
      regions.shade(axes, fit.logits, box)
      x = np.linspace(-1, 1, regions.GRID)
      axes.plot(x, curved.curve(x), color='C3', ls='--', lw=2, label='true boundary')
      regions.scatter(axes, fit.train.x, fit.train.y, curved.CLASSES)
      test, train = fit.test.error, fit.train.error
      axes.set_title(
        f'degree {degree}: training {train:.0%}, test {test:.0%}', fontsize=10
      )
      axes.set_xticks([-1, 0, 1])
      axes.set_yticks([-1, 0, 1])
    figure.legend(
      *panels[0].get_legend_handles_labels(), loc='outside lower center', ncols=3
    )
    return figure

  count = len(next(iter(fits.values())).train.y)
  return Picture(
    'Boundaries of growing capacity',
    f'The same {count} training examples and a polynomial g of growing degree, with '
    'the share that each reads wrong. One label in ten is turned round; the last '
    'boundaries bend around those too.',
    draw,
  )


def curve(errors: Errors) -> Picture:
  """Draws training and test error over the degree."""
  seeds = errors.test.shape[1]

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 3.6), layout='constrained')
    axes = figure.subplots()
    for name, values, colour, marker in (
      ('training', errors.train, 'C1', 's'),
      ('test', errors.test, 'C0', 'o'),
    ):
      axes.errorbar(
        errors.degrees,
        100 * values.mean(axis=1),
        100 * linear.spread(values),
        label=f'{name} error',
        capsize=3,
        color=colour,
        marker=marker,
      )
    axes.axhline(
      100 * curved.TURNED, color='black', ls=':', lw=1.2, label='labels that are wrong'
    )
    axes.set_xlabel('degree of the polynomial: capacity')
    axes.set_ylabel('examples read wrong, %')
    axes.set_ylim(bottom=0)
    axes.set_xticks(errors.degrees)
    axes.legend()
    return figure

  return Picture(
    'Too simple, too complex',
    f'Mean and standard deviation over {seeds} draws of the training examples.',
    draw,
    tuple(claims(errors)),
  )


def claims(errors: Errors) -> list[Claim]:
  """Says what follows for training error, test error and the choice between them."""
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
      bool(
        train[-1].mean() < train[0].mean() and np.mean(worst) <= 3 * linear.doubt(worst)
      ),
      f'{train[0].mean():.1%} to {train[-1].mean():.1%}',
    ),
    Claim(
      'Test error is a U: both the least capacity and the greatest err more often than '
      'the one that errs least on validation, by more than twice the standard error',
      all(bool(np.mean(side) > 2 * linear.doubt(side)) for side in sides),
      f'{first:.1f} % at degree {degrees[0]}, {lowest:.1f} % at {degrees[low]}, '
      f'{final:.1f} % at {degrees[-1]}',
    ),
    Claim(
      'The greatest capacity reads more of its training labels right than are right: '
      'it has learnt the noise',
      bool(train[-1].mean() < curved.TURNED),
      f'{train[-1].mean():.1%} errors where {curved.TURNED:.0%} of labels are wrong',
    ),
    Claim(
      "Occam's razor: the simplest degree that validation cannot tell from the best "
      'errs less on the test than the one that fits the training examples best',
      bool(np.mean(lost) > 2 * linear.doubt(lost)),
      f'degree {degrees[chosen]}: {test[chosen].mean():.1%}, degree '
      f'{degrees[closest]}: {test[closest].mean():.1%}',
    ),
  ]


def occam(errors: Errors) -> int:
  """Chooses the simplest within one standard error of the least validation error.

  The rule of Breiman et al. 1984, Classification and Regression Trees, 3.4.3.

  Returns:
    Its place among the degrees.
  """
  mean = errors.validation.mean(axis=1)
  best = int(np.argmin(mean))
  return int(np.argmax(mean <= mean[best] + linear.doubt(errors.validation[best])))
