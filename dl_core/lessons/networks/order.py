"""What positions are good for: letters in the order of their arrival.

Without positions self-attention does not know in which order the letters came: it
copies a set. Shapes: L lengths.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.lessons.networks import bottleneck
from dl_core.report import draw
from dl_core.types import Claim, Picture

COLOURS = {'sinusoid': draw.BLUE, 'learned': draw.GREEN, 'none': draw.ORANGE}
ENOUGH, NEAR = 0.9, 0.05


def pictures(results: Mapping[str, Sequence[Any]]) -> list[Picture]:
  """Draws exact copies by length for {'sinusoid', 'learned', 'none': runs}."""
  shares = {
    label: np.stack([bottleneck.exact(run) for run in runs], axis=1)
    for label, runs in results.items()
  }  # [L, seeds] each
  count = len(shares['none'])
  lengths = np.arange(1, count + 1)
  guess = np.array([1 / math.factorial(length) for length in lengths])
  mean = {label: values.mean() for label, values in shares.items()}

  def show():
    figure, axes = draw.panel(
      5.6, 3.2, xlabel='letters', ylabel='exact copies', ylim=(-0.03, 1.03)
    )
    for label, values in shares.items():
      draw.band(axes, lengths, values, f'positions: {label}', COLOURS[label])
    axes.plot(lengths, guess, color=draw.GREY, ls=':', label='letters in any order')
    draw.legend(axes)
    return figure

  said = ', '.join(f'{label} {value:.1%}' for label, value in mean.items())
  return [
    Picture(
      'Order needs positions',
      'Random letters are to be written again in the order of their arrival. Dotted: '
      'the letters are known, their order is guessed, 1 / n! of n letters.',
      show,
      (
        Claim(
          'With positions, of either kind, nine of ten copies are exact',
          bool(min(mean['sinusoid'], mean['learned']) >= ENOUGH),
          said,
        ),
        Claim(
          'Without positions the order is lost: no more copies are exact than by '
          'guessing it',
          bool(mean['none'] <= guess.mean() + NEAR),
          f'{mean["none"]:.1%}; a guess has {guess.mean():.1%}',
        ),
      ),
    )
  ]
