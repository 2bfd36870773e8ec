"""Three encoders for one decoder: recurrence, convolution, self-attention."""

from collections.abc import Mapping, Sequence
from typing import Any

from dl_core.lessons import curves
from dl_core.report import draw
from dl_core.types import Claim, Picture

NAMES = {
  'rnn': 'recurrent, both directions',
  'convolution': 'gated convolutions',
  'transformer': 'self-attention',
}
COLOURS = dict(zip(NAMES, (draw.ORANGE, draw.GREEN, draw.BLUE), strict=True))
Runs = Mapping[str, Sequence[Any]]  # {label: `studies.Finished` of every seed}


def pictures(sizes: Mapping[str, int], results: Runs) -> list[Picture]:
  """Draws the learning curves of {'rnn', 'convolution', 'transformer': runs}.

  Args:
    sizes: {label: parameters of the encoder}.
    results: the runs.
  """
  found = {
    label: curves.over(runs, 'validation', 'nats') for label, runs in results.items()
  }
  nats = {label: curves.ends(runs, 'nats') for label, runs in results.items()}
  bleu = {label: curves.ends(runs, 'bleu') for label, runs in results.items()}

  def show():
    figure, axes = draw.panel(5.8, 3.3, xlabel='step', ylabel='validation nats a token')
    for label, (steps, values) in found.items():
      name = f'{NAMES[label]}, {sizes[label]:,} parameters'
      draw.band(axes, steps, values, name, COLOURS[label])
    axes.set_ylim(bottom=0)
    draw.legend(axes)
    return figure

  said = lambda values, digits: ', '.join(
    f'{NAMES[label]} {value.mean():.{digits}f}' for label, value in values.items()
  )
  best = min(nats, key=lambda label: nats[label].mean())
  return [
    Picture(
      'What reads the source',
      'The decoder is that of a Transformer in all three; the encoders have about '
      'equally many parameters.',
      show,
      (
        Claim(
          'A Transformer reads better than a recurrent network and than convolutions '
          'of as many parameters',
          best == 'transformer',
          f'test nats a token: {said(nats, 3)}; BLEU: {said(bleu, 1)}',
        ),
      ),
    )
  ]
