"""Two ways to report ten folds, and what lies between: who chooses the epoch?

Xu et al. 2019 (GIN) train on nine folds, look at the tenth after every epoch, average
the ten curves and report the best epoch of the average: no fold tests. Errica et al.
2020 (https://arxiv.org/abs/1912.09893) ask for a validation fold.

Shapes: T epochs, F folds.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dl_core.lessons import curves
from dl_core.report import draw
from dl_core.types import Claim, Picture

Runs = Mapping[str, Sequence[Any]]  # {label: `studies.Finished` of every seed}
LEAST = {'gin': 87.0, 'validation': 80.0}  # per cent that GIN is to reach on MUTAG


class Reported(NamedTuple):
  """The accuracies of ten folds, in per cent, as each protocol reports them.

  Attributes:
    words: how the epoch is chosen.
    values: [F].
  """

  words: str
  values: np.ndarray


def pictures(folds: int, results: Runs, held: bool) -> list[Picture]:
  """Draws the curves and the reported accuracies.

  Args:
    folds: F.
    results: {'gin-0': runs, 'validation-0': runs, ...}; of each the first seed counts.
    held: whether the figures are held against those published for MUTAG.
  """
  looked = [results[f'gin-{fold}'][0] for fold in range(folds)]
  steps, values = curves.over(looked, 'validation', 'accuracy')
  kept = steps > 0
  steps, values = steps[kept], 100 * values[kept]  # [T], [T, F]
  tested = [results[f'validation-{fold}'] for fold in range(folds)]
  chosen = 100 * np.array([curves.ends(runs, 'accuracy')[0] for runs in tested])
  found = reported(values, chosen)
  gin, validation = found[1], found[3]
  constant = 100 * np.mean(
    [runs[0].lines[-1]['baseline']['accuracy'] for runs in tested]
  )

  def show():
    figure, (left, right) = draw.panels(9, 3.2, 2)
    draw.band(left, steps, values, 'fold that is looked at', draw.ORANGE, lw=1)
    best = int(values.mean(axis=1).argmax())
    draw.guide(left, x=steps[best])
    left.set(xlabel='step', ylabel='accuracy, %')
    draw.legend(left)
    means = [each.values.mean() for each in found]
    right.barh(range(len(found)), means, color=draw.COLOURS[: len(found)])
    right.set_yticks(range(len(found)), [each.words for each in found], fontsize=8)
    right.set(xlim=(50, 100), xlabel='accuracy, %')
    draw.guide(right, x=constant)
    right.invert_yaxis()
    return figure

  claims = [
    Claim(
      'An epoch chosen by the test folds has a higher accuracy than one chosen by a '
      'validation fold',
      bool(gin.values.mean() > validation.values.mean()),
      '; '.join(f'{each.words}: {said(each.values)}' for each in found),
    )
  ]
  if held:
    claims += [
      Claim(
        f'GIN reaches {LEAST[name]:g} % by {words} (89.4 ± 5.6 published by its own)',
        bool(each.values.mean() >= LEAST[name]),
        said(each.values),
      )
      for name, each, words in (
        ('gin', gin, 'its own protocol, which has no test set'),
        ('validation', validation, 'a validation fold and a test fold'),
      )
    ]
  return [
    Picture(
      'Who chooses the epoch?',
      f'Left: accuracy of the fold that is looked at while nine others train, mean and '
      f'range of {folds} folds; dotted, the best epoch of the mean. Right: the same '
      f'network as four protocols report it; dotted, the constant answer, '
      f'{constant:.1f} %.',
      show,
      tuple(claims),
    )
  ]


def reported(values: np.ndarray, chosen: np.ndarray) -> list[Reported]:
  """Returns what each protocol reports, the most optimistic first.

  Args:
    values: of the fold that is looked at, [T, F].
    chosen: of test folds, the epoch chosen by a validation fold, [F].
  """
  best = int(values.mean(axis=1).argmax())
  return [
    Reported('best epoch of each test fold', values.max(axis=0)),
    Reported("best epoch of their mean (GIN's)", values[best]),
    Reported('last epoch', values[-1]),
    Reported('lowest validation loss', chosen),
  ]


def said(values: np.ndarray) -> str:
  """Returns the mean and the standard deviation of folds, in per cent."""
  return f'{values.mean():.1f} ± {values.std():.1f} %'
