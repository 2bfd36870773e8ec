"""Training loss of plain and residual networks over depth.

He et al. 2016, https://arxiv.org/abs/1512.03385, figures 1 and 6.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.lessons import curves
from dl_core.report import draw
from dl_core.types import Claim, Picture

KINDS = {'plain': draw.ORANGE, 'residual': draw.BLUE}
Runs = Mapping[str, Sequence[Any]]  # {label: `studies.Finished` of every seed}


def pictures(depths: Sequence[int], results: Runs) -> list[Picture]:
  """Draws the training losses of all networks.

  Args:
    depths: numbers of layers of each kind, the shallowest first.
    results: {'plain-20': runs, 'residual-20': runs, ...}.
  """
  losses = {
    label: curves.over(runs, 'train', 'loss') for label, runs in results.items()
  }
  ends = {label: values[-1] for label, (_, values) in losses.items()}  # [N] each
  low, high = depths[0], depths[-1]
  cost = {kind: ends[f'{kind}-{high}'] - ends[f'{kind}-{low}'] for kind in KINDS}

  def show():
    titles = [f'{kind} nets' for kind in KINDS]
    figure, panels = draw.panels(7, 3.2, len(KINDS), titles=titles, sharey=True)
    for axes, (kind, colour) in zip(panels, KINDS.items(), strict=True):
      for place, depth in enumerate(depths):
        steps, values = losses[f'{kind}-{depth}']
        width = 1 + 1.5 * place / max(1, len(depths) - 1)
        style = '-' if depth == high else '--'
        draw.band(axes, steps, values, f'{depth} layers', colour, ls=style, lw=width)
      axes.set_xlabel('step')
      draw.legend(axes)
    panels[0].set(ylabel='training loss, nats', yscale='log')
    return figure

  return [
    Picture(
      'Degradation',
      'Mean training loss between two reports; bands are the range of the seeds. A '
      'deeper network can represent every shallower one, with identities as additional '
      'layers, and still the deeper plain network has the higher training loss.',
      show,
      (
        Claim(
          f'A plain net of {high} layers ends with a higher training loss than one of '
          f'{low}, with every seed',
          np.all(cost['plain'] > 0),
          listed(ends, 'plain', low, high),
        ),
        Claim(
          f'Going from {low} to {high} layers costs a plain net more training loss '
          'than a residual net, with every seed',
          np.all(cost['plain'] > cost['residual']),
          f'{curves.spread(cost["plain"])} against {curves.spread(cost["residual"])} '
          f'({listed(ends, "residual", low, high)})',
        ),
      ),
    )
  ]


def listed(ends: Mapping[str, np.ndarray], kind: str, low: int, high: int) -> str:
  """Formats the final losses of both depths of a kind."""
  return (
    f'{kind} {high}: {curves.spread(ends[f"{kind}-{high}"])} nats, '
    f'{low}: {curves.spread(ends[f"{kind}-{low}"])}'
  )
