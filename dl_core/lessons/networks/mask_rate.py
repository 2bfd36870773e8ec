"""How much of a text to hide: held-out nats by rate, steps and labelled places."""

from collections.abc import Mapping, Sequence
from typing import Any

from dl_core.lessons import curves
from dl_core.report import draw
from dl_core.types import Claim, Picture

FIGURE = 'masked_loss'


def pictures(results: Mapping[str, Sequence[Any]]) -> list[Picture]:
  """Draws the learning curves of {'rate-0.15': runs of every seed, ...}, rising."""
  rates = [float(label.removeprefix('rate-')) for label in results]
  found = {
    rate: curves.over(runs, 'validation', FIGURE)
    for rate, runs in zip(rates, results.values(), strict=True)
  }
  last = {rate: values[-1].mean() for rate, (_, values) in found.items()}
  best = min(last, key=lambda rate: last[rate])

  def show():
    titles = ['by steps', 'by hidden words']
    figure, panels = draw.panels(8.4, 3.2, 2, titles=titles, sharey=True)
    for (rate, curve), colour in zip(found.items(), draw.COLOURS, strict=False):
      steps, values = curve
      draw.band(panels[0], steps, values, f'{rate:.0%}', colour)
      draw.band(panels[1], steps * rate, values, f'{rate:.0%}', colour)
    panels[0].set(xlabel='step', ylabel='validation nats, at 15 %')
    panels[1].set_xlabel('step · rate')
    draw.legend(panels[0])
    return figure

  said = ', '.join(f'{rate:.0%} {value:.3f}' for rate, value in last.items())
  return [
    Picture(
      'Too little and too much',
      'Validation loss of networks that were trained with different shares of hidden '
      'words. All are judged by the same words, of which 15 % are hidden.',
      show,
      (
        Claim(
          'With the least hidden, training takes more steps than with the best rate',
          bool(rates[0] != best and last[rates[0]] > last[best]),
          said,
        ),
        Claim(
          'With the most hidden there is too little context left',
          bool(rates[-1] != best and last[rates[-1]] > last[best]),
          said,
        ),
      ),
    )
  ]
