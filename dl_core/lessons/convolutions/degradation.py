"""What depth does to the training loss, with shortcuts and without.

He et al. 2016, https://arxiv.org/abs/1512.03385, figures 1 and 6.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.lessons import curves
from dl_core.types import Claim, Picture

KINDS = {'plain': '#cf7a24', 'residual': '#2f7fb8'}
Runs = Mapping[str, Sequence[Any]]  # {label: `studies.Finished` of every seed}


def draw(depths: Sequence[int], results: Runs) -> list[Picture]:
  """Shows the training loss of all nets and says what their depths made of it.

  Args:
    depths: of each kind, the shallowest first.
    results: {'plain-20': runs, 'residual-20': runs, ...}.
  """
  losses = {
    label: curves.over(runs, 'train', 'loss') for label, runs in results.items()
  }
  ends = {label: values[-1] for label, (_, values) in losses.items()}  # [N] each
  low, high = depths[0], depths[-1]
  cost = {kind: ends[f'{kind}-{high}'] - ends[f'{kind}-{low}'] for kind in KINDS}

  def figure():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.2), layout='constrained')
    panels = figure.subplots(1, len(KINDS), sharey=True)
    for axes, (kind, colour) in zip(panels, KINDS.items(), strict=True):
      for place, depth in enumerate(depths):
        steps, values = losses[f'{kind}-{depth}']
        width = 1 + 1.5 * place / max(1, len(depths) - 1)
        style = '-' if depth == high else '--'
        curves.band(axes, steps, values, f'{depth} layers', colour, ls=style, lw=width)
      axes.set(title=f'{kind} nets', xlabel='step')
      axes.legend()
    panels[0].set(ylabel='training loss, nats', yscale='log')
    return figure

  return [
    Picture(
      'Degradation',
      'The mean loss on what the nets learn from, between two reports; bands are from '
      'the lowest to the highest seed. A deeper net could say all that a shallower one '
      'says, with layers that pass on what they are given.',
      figure,
      (
        Claim(
          f'The plain net of {high} layers ends with a higher training loss than that '
          f'of {low}, with every seed',
          bool(np.all(cost['plain'] > 0)),
          told(ends, 'plain', low, high),
        ),
        Claim(
          f'{high} layers for {low} cost a plain net more training loss than a '
          'residual one, with every seed',
          bool(np.all(cost['plain'] > cost['residual'])),
          f'{curves.spread(cost["plain"])} against {curves.spread(cost["residual"])} '
          f'({told(ends, "residual", low, high)})',
        ),
      ),
    )
  ]


def told(ends: Mapping[str, np.ndarray], kind: str, low: int, high: int) -> str:
  """Writes the losses that the nets of a kind end with."""
  return (
    f'{kind} {high}: {curves.spread(ends[f"{kind}-{high}"])} nats, '
    f'{low}: {curves.spread(ends[f"{kind}-{low}"])}'
  )
