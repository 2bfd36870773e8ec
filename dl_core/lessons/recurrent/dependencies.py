"""Which cells learn to add two numbers that are far apart, and when.

Runs are `studies.Finished` of one cell and one length, one per seed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.data import adding
from dl_core.lessons import curves
from dl_core.lessons.recurrent.reach import SOLVED, STUCK
from dl_core.report import draw
from dl_core.types import Claim, Picture

GATED = ('lstm', 'gru')
Runs = Mapping[str, Sequence[Any]]


def pictures(lengths: Sequence[int], cells: Sequence[str], results: Runs):
  """Draws the errors over the steps, a panel for each length.

  Args:
    lengths: numbers of steps of the sequences.
    cells: names of the cells.
    results: {'lstm-100': runs, ...}.
  """
  ends = {label: curves.ends(runs, 'mse') for label, runs in results.items()}

  def show():
    titles = [f'T = {length}' for length in lengths]
    figure, panels = draw.panels(
      max(5, 3.2 * len(lengths)), 3.2, len(lengths), titles=titles, sharey=True
    )
    for axes, length in zip(panels, lengths, strict=True):
      for cell, colour in zip(cells, draw.COLOURS, strict=False):
        found = curves.over(results[f'{cell}-{length}'], 'validation', 'mse')
        draw.band(axes, *found, cell, colour)
      draw.guide(axes, y=adding.CONSTANT)
      draw.guide(axes, y=SOLVED, ls='--')
      axes.set(xlabel='step', yscale='log')
    panels[0].set_ylabel('mean squared error')
    draw.legend(panels[0])
    return figure

  return [
    Picture(
      'Long dependencies',
      'Mean squared error of the adding problem, whose marked numbers are up to T '
      'steps from the end. Dotted: the best constant answer, 1/6; dashed: '
      f'{SOLVED}. Bands are the range of the seeds.',
      show,
      tuple(claims(lengths, cells, ends)),
    )
  ]


def claims(
  lengths: Sequence[int], cells: Sequence[str], ends: Mapping[str, np.ndarray]
) -> list[Claim]:
  """Claims what gated cells and plain ones have learned at the end."""
  gated = [f'{c}-{length}' for c in cells if c in GATED for length in lengths]
  plain = [f'{c}-{length}' for c in cells if c not in GATED for length in lengths]
  said = lambda labels: ', '.join(
    f'{label}: {curves.spread(ends[label])}' for label in labels
  )
  found = []
  if gated:
    found.append(
      Claim(
        f'Cells with gates learn it to an error below {SOLVED}, with every seed',
        all(np.all(ends[label] < SOLVED) for label in gated),
        said(gated),
      )
    )
  if plain:
    found.append(
      Claim(
        'In as many steps the RNN has not learned more than a constant answer, with '
        'every seed',
        all(np.all(ends[label] >= STUCK) for label in plain),
        f'{said(plain)}; constant answer {adding.CONSTANT:.3f}',
      )
    )
  return found
