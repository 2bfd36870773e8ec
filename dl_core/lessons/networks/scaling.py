"""Held-out nats by the number of parameters, and the exponent of their power law."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.report import draw
from dl_core.types import Claim, Picture


def pictures(layers: int, results: Mapping[str, Sequence[Any]]) -> list[Picture]:
  """Draws the nats of {'width-16': runs of every seed, ...}, in rising order.

  Args:
    layers: of all networks.
    results: the runs.
  """
  widths = np.array([int(label.removeprefix('width-')) for label in results])
  sizes = 12 * layers * widths**2  # without embeddings
  nats = np.array(
    [[run.lines[-1]['nats'] for run in runs] for runs in results.values()]
  )
  mean = nats.mean(axis=1)
  slope, start = (
    np.polyfit(np.log(sizes), np.log(mean), 1) if len(sizes) > 1 else (0, 0)
  )
  falls = np.diff(mean) < 0

  def show():
    figure, axes = draw.panel(
      5.2,
      3.3,
      xlabel='parameters without embeddings',
      ylabel='test nats a token',
      xscale='log',
      yscale='log',
    )
    draw.band(axes, sizes, nats, 'measured', draw.BLUE, marker='o')
    fitted = np.exp(start + slope * np.log(sizes))
    axes.plot(sizes, fitted, color=draw.GREY, ls='--', label=f'exponent {-slope:.3f}')
    draw.legend(axes)
    return figure

  return [
    Picture(
      'Larger is better',
      'The same number of blocks and of tokens read, and wider and wider blocks. '
      'Dashed: a power law.',
      show,
      (
        Claim(
          'Every wider network predicts the held-out text better',
          bool(falls.all()) and len(falls) > 0,
          ', '.join(f'{n:,}: {v:.3f}' for n, v in zip(sizes, mean, strict=True))
          + f'; exponent {-slope:.3f}',
        ),
      ),
    )
  ]
