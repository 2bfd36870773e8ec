"""Accuracy by the number of labels, from an autoencoder's encoder and from scratch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.lessons import curves
from dl_core.report import draw
from dl_core.types import Claim, Picture

BEGUN = {'scratch': draw.GREY, 'encoder': draw.BLUE}
Runs = Mapping[str, Sequence[Any]]  # {label: `studies.Finished` of every seed}


def pictures(labels: Sequence[int], results: Runs) -> list[Picture]:
  """Draws the test accuracies.

  Args:
    labels: numbers of labelled training images, the fewest first.
    results: {'autoencoder': runs, 'scratch-20': runs, 'encoder-20': runs, ...}.
  """
  found = {
    kind: np.array(
      [[run.lines[-1]['accuracy'] for run in results[f'{kind}-{n}']] for n in labels]
    )
    for kind in BEGUN
  }  # [labels, seeds] each
  gain = 100 * (found['encoder'] - found['scratch'])
  fewest, most = gain[0], gain[-1]

  def show():
    figure, axes = draw.panel(5, 3.2, xscale='log', xlabel='labelled training images')
    for kind, colour in BEGUN.items():
      words = {'scratch': 'from random parameters', 'encoder': 'from the encoder'}[kind]
      draw.band(axes, labels, 100 * found[kind], words, colour, marker='o')
    axes.set(ylabel='test accuracy, %', xticks=labels, xticklabels=labels)
    axes.minorticks_off()
    draw.legend(axes)
    return figure

  return [
    Picture(
      'An encoder as a start',
      'Test accuracy of the same classifier, from random parameters and from the '
      'encoder of an autoencoder that saw all training images without labels. Bands '
      'are the range of the seeds.',
      show,
      (
        Claim(
          f'With {labels[0]} labels, the encoder raises the mean accuracy by more than '
          'one point',
          float(fewest.mean()) > 1,
          f'{curves.spread(fewest)} points',
        ),
        Claim(
          f'It raises it less with {labels[-1]} labels than with {labels[0]}',
          float(most.mean()) < float(fewest.mean()),
          f'{curves.spread(most)} points against {curves.spread(fewest)}',
        ),
      ),
    )
  ]
