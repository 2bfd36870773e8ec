"""The lecture's claims about learning without labels, judged as they fall, and drawn.

Shapes: D draws of labels, n numbers of labels a class.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.lessons import curves
from dl_core.lessons.networks import pretexts, transfer_layers
from dl_core.lessons.networks.transfer import UNLABELLED, Found
from dl_core.lessons.networks.transfer_layers import COLOURS, POINT, SHOWN
from dl_core.report import draw
from dl_core.types import Claim, Picture

Accuracies = Mapping[str, np.ndarray]  # {encoder: [n, D]}


def pictures(results: Mapping[str, Sequence[Any]], found: Found) -> list[Picture]:
  """Draws everything.

  Args:
    results: {'inpainting': runs, 'jigsaw': runs, ...}; the first of each is read.
    found: what was measured with their encoders.
  """
  first = {name: runs[0].lines[-1] for name, runs in results.items()}
  return [
    pretexts.picture(first['inpainting'], first['jigsaw']),
    transfer_layers.layers(found),
    *fractions(found),
    transfer_layers.copied(found),
    transfer_layers.kernels(found),
  ]


def fractions(found: Found) -> list[Picture]:
  """Draws the accuracy by the number of labels, fine-tuned and frozen."""
  names = [str(count) if count else 'all' for count in found.labels]
  return [
    Picture(
      'A new head on top, all retrained',
      'Test accuracy of the same classifier after the same number of steps, from each '
      'encoder and from scratch. Bands are the range of the draws of labels.',
      shown(names, found.tuned, 'from scratch'),
      tuple(
        judged(
          names,
          found.tuned,
          'fine-tuning each encoder that learned without labels gains more than a '
          'point over training from scratch',
        )
      ),
    ),
    Picture(
      'A new head on top, the encoder frozen',
      'Test accuracy of a linear classifier on the last layer of each encoder, '
      'averaged over quarters of the image; its penalty is chosen on validation.',
      shown(names, found.frozen, 'random'),
      tuple(
        judged(
          names,
          found.frozen,
          'each encoder that learned without labels is more than a point ahead of a '
          'random one',
        )
      ),
    ),
  ]


def shown(names: Sequence[str], values: Accuracies, baseline: str) -> Callable[[], Any]:
  """Makes the drawing of accuracies by the number of labels.

  Args:
    names: of the numbers of labels.
    values: see `Accuracies`.
    baseline: what to call 'random'.
  """

  def show():
    figure, axes = draw.panel(5.4, 3.4, xlabel='labels a class')
    places = np.arange(len(names))
    for name, each in values.items():
      label = baseline if name == 'random' else SHOWN.get(name, name)
      draw.band(axes, places, 100 * each, label, COLOURS[name], marker='o')
    axes.set(ylabel='test accuracy, %', xticks=places, xticklabels=names)
    draw.legend(axes, loc='lower right')
    return figure

  return show


def judged(names: Sequence[str], values: Accuracies, sentence: str) -> Iterator[Claim]:
  """Yields the claim of each number of labels, with the gains over 'random'."""
  for row, name in enumerate(names):
    gains = {
      task: each[row] - values['random'][row]
      for task, each in values.items()
      if task != 'random'
    }
    with_these = (
      'With all labels'
      if name == 'all'
      else f'With {name} {"label" if name == "1" else "labels"} a class'
    )
    yield Claim(
      f'{with_these}, {sentence}',
      bool(all(gains[task].mean() > POINT for task in UNLABELLED)),
      ', '.join(
        f'{SHOWN.get(task, task)} {signed(gain)}' for task, gain in gains.items()
      )
      + ' points',
    )


def signed(gains: np.ndarray) -> str:
  """Returns the mean gain in points, with its sign, ± its deviation."""
  mean = curves.spread(100 * np.asarray(gains), '.1f')
  return mean if mean.startswith('-') else f'+{mean}'
