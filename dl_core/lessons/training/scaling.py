"""Measures how accuracy grows with the number of examples, for three learners.

Shapes: S sizes of the training set, N seeds.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dl_core.data import splits
from dl_core.lessons import curves
from dl_core.report import draw
from dl_core.types import Claim, Data, Picture

COLOURS = {'linear': draw.ORANGE, 'svm': draw.GREEN, 'net': draw.BLUE}
NAMES = {'linear': 'linear model', 'svm': 'SVM, Gaussian kernel', 'net': 'deep net'}


class Grown(NamedTuple):
  """The test accuracy of a learner by the number of its training examples.

  Attributes:
    sizes: [S] training examples, growing.
    accuracy: [S, N] on test.
  """

  sizes: np.ndarray
  accuracy: np.ndarray

  @property
  def error_reduction(self) -> np.ndarray:
    """The share [N] of errors that the last growth of the training set removed."""
    before, after = (1 - self.accuracy)[-2:]
    return 1 - after / before


def rows(data: Data, split: str) -> tuple[np.ndarray, np.ndarray]:
  """Returns inputs [N, F] and labels [N] of a split, without padding."""
  x, y = splits.examples(data, split)
  return x.reshape(len(x), -1), y


def of_runs(sweep: Mapping[int, Sequence[Any]]) -> Grown:
  """Collects `{size: runs, one per seed}`."""
  right = [curves.ends(runs, 'accuracy') for runs in sweep.values()]
  return Grown(np.array(list(sweep)), np.array(right))


def of_machine(sets: Mapping[int, Data], most: int) -> Grown:
  """Fits a support vector machine with a Gaussian kernel on the same examples.

  It has no seed. Its kernel matrix grows with the square of the set, so sets of more
  than `most` examples are left out.
  """
  from sklearn import svm

  sizes, right = [], []
  for size, data in sets.items():
    if size <= most:
      machine = svm.SVC(C=10).fit(*rows(data, 'train'))
      sizes.append(size)
      right.append([machine.score(*rows(data, 'test'))])
  return Grown(np.array(sizes), np.array(right).reshape(len(sizes), 1))


def picture(found: Mapping[str, Grown], source: str) -> Picture:
  """Shows accuracy and errors of every learner over the size of the training set.

  Args:
    found: of 'linear', 'net' and 'svm'.
    source: name of the data.
  """
  linear, net, machine = (found[name] for name in ('linear', 'net', 'svm'))
  growth = net.sizes[-1] / net.sizes[-2] if len(net.sizes) > 1 else 1.0
  ends = lambda grown: ' → '.join(f'{100 * a.mean():.1f}' for a in grown.accuracy)

  def show():
    figure, (left, right) = draw.panels(9, 3.4, 2)
    for name, grown in found.items():
      if not len(grown.sizes):
        continue
      for axes, values in ((left, grown.accuracy), (right, 1 - grown.accuracy)):
        drawn = grown.sizes, 100 * values, NAMES[name], COLOURS[name]
        draw.band(axes, *drawn, marker='o', ms=4)
    for axes in (left, right):
      axes.set(xscale='log', xlabel='training examples')
      axes.set_xticks(net.sizes, [f'{size:,}' for size in net.sizes])
    left.set_ylabel('test accuracy, %')
    right.set(yscale='log', ylabel='test errors, %')
    low, high = right.get_ylim()
    ticks = [t for t in (0.5, 1, 2, 5, 10, 20, 50) if low < t < high]
    right.set_yticks(ticks, [f'{tick:g}' for tick in ticks])
    for axes in (left, right):
      axes.minorticks_off()
    draw.legend(left, loc='lower right')
    return figure

  claims = []
  if len(net.sizes) > 1:
    claims = [
      Claim(
        f'The linear model saturates before the net: {growth:.2g} times the data '
        'removes a smaller share of its errors, with every seed',
        np.all(linear.error_reduction < net.error_reduction),
        f'{curves.spread(linear.error_reduction, ".0%")} against '
        f'{curves.spread(net.error_reduction, ".0%")}',
      ),
      Claim(
        'The net keeps improving: each larger set gives a higher accuracy, with every '
        'seed',
        np.all(np.diff(net.accuracy, axis=0) > 0),
        f'accuracy {ends(net)} %; the linear model {ends(linear)} %',
      ),
    ]
  if len(machine.sizes) == len(net.sizes) > 1:
    claims.append(
      Claim(
        'Not every classical method saturates: a support vector machine with a kernel '
        'keeps improving too',
        np.all(machine.error_reduction > 2 * linear.error_reduction.max()),
        f'accuracy {ends(machine)} %, {machine.error_reduction[0]:.0%} of the errors '
        'removed by the last growth',
      )
    )
  return Picture(
    'Accuracy and the amount of data',
    f'On {source}, the same examples for every learner and seed; band: the range '
    f'over {net.accuracy.shape[1]} seeds. A straight line of errors on '
    'logarithmic axes means that every doubling of the data helps as much as the last.',
    show,
    tuple(claims),
  )
