"""Feature choice: an informative feature, a redundant one, and columns of noise.

Shapes: n examples, S seeds, d dimensions.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.data import fruits
from dl_core.lessons.boundaries import hyperplane, linear
from dl_core.report import draw
from dl_core.types import Claim, Picture

DIMENSIONS = (1, 3, 10, 30, 100, 300, 1_000)
POINTS, DRAWS = 100, 10  # points in each draw of distances, and draws


def pictures(
  chosen: Mapping[tuple[str, ...], Sequence[Any]], noise: Mapping[int, Sequence[Any]]
) -> list[Picture]:
  """Draws finished runs, a list of seeds for each choice.

  Args:
    chosen: {columns: runs}.
    noise: {number of noise columns beside the last choice: runs}.
  """
  fits = {columns: [linear.of(run) for run in runs] for columns, runs in chosen.items()}
  noisy = {count: [linear.of(run) for run in runs] for count, runs in noise.items()}
  columns = list(fits)[-1]
  return [
    choices(fits),
    curse({0: fits[columns]} | noisy, columns),
    concentration(),
  ]


def errors_of(fits: Sequence[linear.Fitted]) -> np.ndarray:
  """Returns the test error [S] of each seed."""
  return np.array([fit.test.error for fit in fits])


def choices(fits: Mapping[tuple[str, ...], Sequence[linear.Fitted]]) -> Picture:
  """Draws the boundary for each choice of columns, in the plane or in space."""
  classes = fruits.SETS['apple_orange']
  errors = {columns: errors_of(same) for columns, same in fits.items()}

  def show():
    from matplotlib.figure import Figure  # panels cannot mix 2-D and 3-D axes

    figure = Figure(figsize=(3.7 * len(fits), 3.7))
    # 3-D axes reserve no space for their labels.
    figure.set_layout_engine('constrained', wspace=0.1)
    for place, (columns, same) in enumerate(fits.items()):
      fit, deep = same[0], len(columns) == 3
      shape: dict[str, Any] = {'projection': '3d'} if deep else {}
      axes: Any = figure.add_subplot(1, len(fits), place + 1, **shape)
      if deep:
        hyperplane.space(axes, fit, classes, columns)
      else:
        hyperplane.plane(axes, fit, classes, columns)
      error = errors[columns].mean()
      axes.set_title(f'{error:.1%} test errors', fontsize=10)
    figure.legend(
      *figure.axes[0].get_legend_handles_labels(), loc='outside lower center', ncols=2
    )
    return figure

  return Picture(
    'Which features to ask for',
    'Apples and oranges differ in softness more than in shape and colour. With '
    'softness the boundary is a plane in three dimensions, and shape becomes '
    'redundant. Errors are means over draws of the training examples.',
    show,
    tuple(claims_of_choices(errors)),
  )


def claims_of_choices(errors: Mapping[tuple[str, ...], np.ndarray]) -> list[Claim]:
  """Makes the claims about adding softness and dropping shape, if both were tried."""
  flat, deep, without = (
    errors.get(columns)
    for columns in (fruits.COLUMNS[:2], fruits.COLUMNS, fruits.COLUMNS[1:])
  )
  found = []
  if flat is not None and deep is not None:
    found.append(
      Claim(
        'Softness separates apples from oranges: with it the error is less than a '
        'fifth, in every draw',
        np.all(deep < flat / 5),
        f'{flat.mean():.1%} without, {deep.mean():.1%} with it',
      )
    )
  if deep is not None and without is not None:
    lost = without - deep
    found.append(
      Claim(
        'With softness, shape is redundant: without it the error rises by less than '
        '0.5 %',
        lost.mean() < 1 / 200,
        f'{deep.mean():.2%} with, {without.mean():.2%} without shape',
      )
    )
  return found


def curse(
  fits: Mapping[int, Sequence[linear.Fitted]], columns: Sequence[str]
) -> Picture:
  """Draws training and test error over the number of noise columns."""
  counts, count = list(fits), len(next(iter(fits.values()))[0].train.y)
  test = np.array([errors_of(same) for same in fits.values()])
  train = np.array([[fit.train.error for fit in same] for same in fits.values()])
  least = fruits.best('apple_orange', columns).error

  def show():
    label = f'columns of noise beside {" and ".join(columns)}'
    figure, axes = draw.panel(5.2, 3.4, xlabel=label)
    linear.error_bars(axes, range(len(counts)), train, test)
    draw.guide(axes, y=100 * least, color='black', label='least possible')
    axes.set_xticks(range(len(counts)), [f'{each:,}' for each in counts])
    draw.legend(axes)
    return figure

  rise = test[-1] - test[0]
  return Picture(
    'The curse of dimensionality',
    f'Trained on {count} fruits. Among enough columns of noise some always happen to '
    'separate the training examples, and do not generalise.',
    show,
    (
      Claim(
        'The test error grows with the number of noise columns: on average over the '
        'draws, and from first to last by more than twice the standard error',
        np.all(np.diff(test.mean(axis=1)) > 0) and rise.mean() > 2 * linear.doubt(rise),
        ', '.join(
          f'{error:.1%} with {each:,}'
          for each, error in zip(counts, test.mean(axis=1), strict=True)
        ),
      ),
      Claim(
        'The training error does not show this: with the most columns it is 0',
        np.all(train[-1] == 0),
        f'{train[-1].mean():.1%} training errors with {counts[-1]:,}',
      ),
    ),
  )


def contrast(random: np.random.Generator, d: int) -> np.ndarray:
  """Returns (max - min) / min of the distances from a point to `POINTS` others [DRAWS].

  All points are uniform in the cube [0, 1]^d (Beyer et al. 1999, "When is nearest
  neighbor meaningful?", https://doi.org/10.1007/3-540-49257-7_15).
  """
  points = random.uniform(size=(DRAWS, POINTS + 1, d))
  distance = np.linalg.norm(points[:, 1:] - points[:, :1], axis=-1)
  return distance.max(axis=1) / distance.min(axis=1) - 1


def concentration() -> Picture:
  """Draws the relative range of distances over the number of dimensions."""
  random = np.random.default_rng(0)
  found = np.array([contrast(random, d) for d in DIMENSIONS])  # [d, DRAWS]
  geometric = lambda values, axis: np.exp(np.log(values).mean(axis))
  mean = geometric(found, 1)
  high = [n for n, d in enumerate(DIMENSIONS) if d >= 30]
  slope = np.polyfit(np.log(np.array(DIMENSIONS)[high]), np.log(mean[high]), 1)[0]

  def show():
    labels = {'xlabel': 'dimensions d', 'ylabel': '(farthest - nearest) / nearest'}
    figure, axes = draw.panel(5.2, 3.4, xscale='log', yscale='log', **labels)
    look: Any = {'middle': geometric, 'marker': 'o'}
    draw.band(axes, DIMENSIONS, found, 'mean and range', draw.BLUE, **look)
    line = mean[-1] * np.sqrt(DIMENSIONS[-1] / np.array(DIMENSIONS))
    axes.plot(DIMENSIONS, line, color='black', ls=':', lw=1.2, label='∝ 1/√d')
    draw.legend(axes)
    return figure

  return Picture(
    'All neighbours are equally far',
    f'Distances from a point to {POINTS} others, all uniform in a cube, in {DRAWS} '
    'draws. In many dimensions the nearest point is hardly nearer than the farthest.',
    show,
    (
      Claim(
        'The relative range of the distances between random points falls with the '
        'dimension, from 30 dimensions on like 1/√d',
        np.all(np.diff(mean) < 0) and abs(slope + 0.5) < 0.1,
        f'{mean[0]:.3g} times the nearest at d = {DIMENSIONS[0]}, {mean[-1]:.2g} at '
        f'{DIMENSIONS[-1]:,}; slope {slope:.2f} from d = 30 on',
      ),
    ),
  )
