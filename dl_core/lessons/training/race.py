"""Compares how soon each optimizer reaches a low train loss, and its test accuracy.

Runs are `studies.Finished` of one net, one per seed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.lessons import curves
from dl_core.lessons.training import descent
from dl_core.report import draw
from dl_core.types import Claim, Picture


def picture(results: Mapping[str, Sequence[Any]], low: float) -> Picture:
  """Shows the train loss over the steps.

  Args:
    results: {name of the optimizer: runs}.
    low: the train loss to get below, in nats.
  """

  def show():
    look = {'xlabel': 'step', 'ylabel': 'train loss, nats', 'yscale': 'log'}
    figure, axes = draw.panel(7, 3.6, **look)
    for (name, runs), colour in zip(results.items(), draw.COLOURS, strict=False):
      rate = runs[0].experiment.config.learning_rate
      label = f'{descent.NAMES[name][0]}, η = {rate:g}'
      draw.band(axes, *curves.over(runs, 'train', 'loss'), label, colour)
    draw.guide(axes, y=low)
    draw.legend(axes)
    return figure

  return Picture(
    'On the digits',
    'Train loss of a net with one hidden layer, each optimizer at its own best rate: '
    'mean and range over the seeds.',
    show,
    tuple(claims(results, low)),
  )


def claims(results: Mapping[str, Sequence[Any]], low: float) -> list[Claim]:
  """Claims that momentum is faster than descent, if both ran, and that all learn."""
  good = lambda loss: loss < low
  soon = {n: curves.steps_to(r, 'train', 'loss', good) for n, r in results.items()}
  right = {name: curves.ends(runs, 'accuracy') for name, runs in results.items()}
  found = []
  if {'sgd', 'momentum'} <= set(results):
    found.append(
      Claim(
        f'On the digits momentum reaches a train loss below {low} in fewer steps than '
        'gradient descent, each at its best rate and with every seed',
        np.all(np.array(soon['momentum']) < np.array(soon['sgd'])),
        f'{curves.spread(soon["momentum"])} steps against {curves.spread(soon["sgd"])}',
      )
    )
  found.append(
    Claim(
      'Each optimizer learns the digits, to a test accuracy of 90 % or better with '
      'every seed',
      min(each.min() for each in right.values()) > 0.9,
      ', '.join(
        f'{descent.NAMES[n][0]} {each.mean():.1%}' for n, each in right.items()
      ),
    )
  )
  return found
