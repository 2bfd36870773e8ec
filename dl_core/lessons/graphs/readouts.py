"""Which readout tells what: graphs that differ in one thing, and digits pooled.

Xu et al. 2019 (https://arxiv.org/abs/1810.00826), section 5: a mean does not see how
many nodes there are, a sum does; none sees what neighbours do not tell.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.lessons import curves
from dl_core.report import draw
from dl_core.types import Claim, Picture

SETS = {
  'cycles': 'short or long: size',
  'stars': 'star or path: degrees',
  'rings': 'one ring or two',
}
READOUTS = ('mean', 'sum', 'max', 'sorted')
POOLS = ('none', 'topk', 'sag', 'diffpool')
Runs = Mapping[str, Sequence[Any]]  # {label: `studies.Finished` of every seed}


def pictures(results: Runs) -> list[Picture]:
  """Draws the accuracies of readouts and of poolings.

  Args:
    results: {'cycles-mean': runs, ..., 'pool-none': runs, ...}.
  """
  mean = lambda label: 100 * float(curves.ends(results[label], 'accuracy').mean())
  told = {name: {kind: mean(f'{name}-{kind}') for kind in READOUTS} for name in SETS}
  pooled = {kind: mean(f'pool-{kind}') for kind in POOLS}
  worst = min(pooled.values())
  return [
    Picture(
      'What a readout tells',
      'Test accuracy of the same graph convolutions under four readouts, on graphs '
      'whose nodes all have the same feature. 50 % is chance.',
      lambda: bars(
        {kind: [told[name][kind] for name in SETS] for kind in READOUTS},
        [*SETS.values()],
      ),
      (
        Claim(
          'A mean of equal nodes does not tell their number: at most 60 %',
          told['cycles']['mean'] <= 60,
          f'{told["cycles"]["mean"]:.1f} % of the cycles',
        ),
        Claim(
          'A sum tells it: at least 99 %',
          told['cycles']['sum'] >= 99,
          f'{told["cycles"]["sum"]:.1f} % of the cycles',
        ),
        Claim(
          'Layers that weigh by degrees tell a star from a path, at least 90 %; those '
          'of DGCNN take means and do not: at most 60 %',
          min(told['stars'][kind] for kind in READOUTS[:-1]) >= 90
          and told['stars']['sorted'] <= 60,
          listed(told['stars']),
        ),
        Claim(
          'None tells one ring from two, whose nodes have the same neighbours: 60 % at '
          'most',
          max(told['rings'].values()) <= 60,
          listed(told['rings']),
        ),
      ),
    ),
    Picture(
      'Half of the nodes',
      'Test accuracy on digits whose pixels are nodes, where half of the nodes are '
      'left after the second layer: by a learnt direction, by a graph layer, or as '
      'soft clusters.',
      lambda: bars({'': [pooled[kind] for kind in POOLS]}, POOLS),
      (
        Claim(
          'Each pooling is within 5 points of none',
          worst >= pooled['none'] - 5,
          listed(pooled),
        ),
      ),
    ),
  ]


def listed(values: Mapping[str, float]) -> str:
  return ', '.join(f'{kind}: {value:.1f} %' for kind, value in values.items())


def bars(groups: Mapping[str, Sequence[float]], names: Sequence[str]) -> Any:
  """Draws bars of per cents."""
  figure, axes = draw.panel(5.5, 3, ylabel='test accuracy, %', ylim=(0, 105))
  draw.bars(axes, {label: np.array(each) for label, each in groups.items()}, names)
  if len(groups) > 1:
    draw.guide(axes, y=50)
    draw.legend(axes, ncols=4, loc='upper center')
  return figure
