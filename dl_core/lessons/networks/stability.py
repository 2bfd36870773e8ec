"""Layer norm by learning rate: which Transformers train at all.

Xiong et al., "On layer normalization in the Transformer architecture", 2020
(https://arxiv.org/abs/2002.04745): with the norm after the addition, as in the paper of
2017, training needs a warm-up; before it, it does not.

Shapes: R learning rates.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.report import draw
from dl_core.types import Claim, Picture

NAMES = {'none': 'no norm', 'post': 'after the addition', 'pre': 'before each part'}
COLOURS = {'none': draw.ORANGE, 'post': draw.BLUE, 'pre': draw.GREEN}
TRAINED = 0.5  # of the loss of the best constant answer


def label(order: str, rate: float, warmup: int) -> str:
  """Returns the label of a run."""
  return f'{order}-{rate:g}-{"warm" if warmup else "cold"}'


def pictures(
  rates: Sequence[float], warmups: Sequence[int], results: Mapping[str, Sequence[Any]]
) -> list[Picture]:
  """Draws the loss in the end by learning rate, for every place of the norm.

  Args:
    rates: rising.
    warmups: steps of the warm-up that were tried, 0 among them.
    results: {`label`: runs of every seed}.
  """
  first = next(iter(results.values()))[0]
  constant = first.experiment.data.baseline()['nats']
  losses = {
    (order, warmup): np.array(
      [
        [last(run, constant) for run in results[label(order, rate, warmup)]]
        for rate in rates
      ]
    )
    for order in NAMES
    for warmup in warmups
  }  # [R, seeds] each
  trained = {
    key: (values < TRAINED * constant).mean() for key, values in losses.items()
  }
  best = {
    order: min(losses[order, warmup].mean(axis=1).min() for warmup in warmups)
    for order in NAMES
  }
  share = {
    order: float(np.mean([trained[order, warmup] for warmup in warmups]))
    for order in NAMES
  }

  def show():
    titles = [f'warm-up of {w} steps' if w else 'no warm-up' for w in warmups]
    figure, panels = draw.panels(
      4.2 * len(warmups), 3.2, len(warmups), titles=titles, sharey=True
    )
    for axes, warmup in zip(panels, warmups, strict=True):
      for order, name in NAMES.items():
        draw.band(axes, rates, losses[order, warmup], name, COLOURS[order], marker='.')
      draw.guide(axes, y=constant)
      axes.set(xscale='log', xlabel='learning rate')
    panels[0].set(ylabel='loss in the end, nats a token', ylim=(0, 1.1 * constant))
    draw.legend(panels[0])
    return figure

  listed = lambda values: ', '.join(
    f'{NAMES[order]} {value:.0%}' for order, value in values.items()
  )
  found = [
    Claim(
      'With layer norm, wherever it stands, more learning rates train than without',
      bool(min(share['post'], share['pre']) > share['none']),
      f'{listed(share)} of {len(rates) * len(warmups)} settings',
    ),
    Claim(
      'The best loss is lower with layer norm than without',
      bool(min(best['post'], best['pre']) < best['none']),
      ', '.join(f'{NAMES[order]} {value:.3f}' for order, value in best.items()),
    ),
  ]
  if 0 in warmups:
    post, pre = trained['post', 0], trained['pre', 0]
    found.append(
      Claim(
        'Without a warm-up more learning rates train with the norm before each part '
        'than after the addition',
        bool(pre > post),
        f'{pre:.0%} and {post:.0%} of {len(rates)}',
      )
    )
  return [
    Picture(
      'Layer norm and the learning rate',
      'The validation loss in the end by learning rate. Dotted: the best constant '
      f'answer; a setting trains if its loss falls below {TRAINED:.0%} of that.',
      show,
      tuple(found),
    )
  ]


def last(run: Any, constant: float) -> float:
  """Returns the last validation loss of a run, that of a constant answer at most."""
  found = [line['loss'] for line in run.lines if line['split'] == 'validation']
  value = found[-1] if found else constant
  return min(float(value), constant) if np.isfinite(value) else constant
