"""Are captions more precise with attention? By the number of things to name.

Shapes: K counts of digits, R runs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.lessons import curves
from dl_core.report import draw
from dl_core.types import Claim, Picture

LABELS = {'vector': draw.GREY, 'attention': draw.BLUE}
MOST = 3  # digits of a scene
Runs = Mapping[str, Sequence[Any]]  # {label: `studies.Finished` of every seed}


def pictures(results: Runs) -> list[Picture]:
  """Draws the share of exact captions.

  Args:
    results: {'vector': runs, 'attention': runs}.
  """
  names = [f'exact_{count}' for count in range(1, MOST + 1)]
  shares = {
    label: np.stack([curves.ends(results[label], name) for name in names])
    for label in LABELS
  }  # [K, R] each
  whole = {label: 100 * curves.ends(results[label], 'exact') for label in LABELS}
  gain = whole['attention'] - whole['vector']
  errors = {label: 1 - values[-1].mean() for label, values in shares.items()}

  def show():
    figure, axes = draw.panel(5, 3, ylabel='exact captions, %')
    means = {label: 100 * values.mean(axis=1) for label, values in shares.items()}
    draw.bars(axes, means, ('one', 'two', 'three'), list(LABELS.values()))
    for number, values in enumerate(shares.values()):
      places = np.arange(MOST) + (number - 0.5) * 0.4
      for run in 100 * values.T:
        axes.plot(places, run, '.', color='black', markersize=4)
    axes.set(xlabel='digits of the scene', ylim=(0, 119))
    draw.legend(axes, loc='upper right', ncols=2)
    return figure

  return [
    Picture(
      'Captions with attention and without',
      'Share of test scenes whose caption is word for word the true one, by the number '
      'of digits. Bars are means over the seeds, dots are single runs.',
      show,
      (
        Claim(
          'With attention more captions are exact',
          float(gain.mean()) > 0,
          f'{curves.spread(whole["attention"])} % against '
          f'{curves.spread(whole["vector"])} %',
        ),
        Claim(
          f'With {MOST} digits it makes fewer errors',
          bool(errors['attention'] < errors['vector']),
          f'{errors["attention"]:.1%} against {errors["vector"]:.1%}',
        ),
      ),
    )
  ]
