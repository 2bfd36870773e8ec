"""Recurrent language models that differ in their activation, depth or cell.

Runs are `studies.Finished` of one network, one per seed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl_core.lessons import curves
from dl_core.report import draw
from dl_core.types import Claim, Picture

Runs = Mapping[str, Sequence[Any]]  # {label: runs}
NAMES = {
  'rnn': 'tanh',
  'rnn_sigmoid': 'sigmoid',
  'rnn_relu': 'ReLU',
  'rnn_identity': 'identity',
}
OWN = 'Each has the learning rate that suits it best.'


def curve(title: str, caption: str, results: Runs, names: Mapping[str, str], claim):
  """Makes the picture of the validation loss of some runs over the steps."""

  def show():
    look = {'xlabel': 'step', 'ylabel': 'validation loss, nats'}
    figure, axes = draw.panel(7, 3.2, **look)
    for (label, runs), colour in zip(results.items(), draw.COLOURS, strict=False):
      found = curves.over(runs, 'validation', 'nats')
      draw.band(axes, *found, names.get(label, label), colour)
    axes.set_ylim(top=np.nanmax([e.max() for e in highest(results)]) + 0.1)
    draw.legend(axes)
    return figure

  return Picture(title, f'{caption} {OWN}', show, (claim,))


def highest(results: Runs) -> list[np.ndarray]:
  """Returns validation losses after the first, which all begin near log V."""
  return [curves.over(runs, 'validation', 'nats')[1][1:] for runs in results.values()]


def said(ends: Mapping[str, np.ndarray], names: Mapping[str, str]) -> str:
  return ', '.join(
    f'{names.get(label, label)} {curves.spread(values, ".3f")}'
    for label, values in ends.items()
  )


def activations(results: Runs) -> Picture:
  """Compares the activations of an RNN."""
  ends = {label: curves.ends(runs, 'nats') for label, runs in results.items()}
  others = [values for label, values in ends.items() if label != 'rnn']
  return curve(
    'Activations',
    'A plain recurrent network with four activations, otherwise alike.',
    results,
    NAMES,
    Claim(
      'tanh suits a recurrent network best: it ends with the fewest nats, with every '
      'seed',
      all(np.all(ends['rnn'] < values) for values in others),
      said(ends, NAMES),
    ),
  )


def depth(results: Runs, sizes: Mapping[str, tuple[int, int, int]]) -> Picture:
  """Compares numbers of layers at equal parameters.

  Args:
    results: the network of one layer first.
    sizes: {label: (layers, units of each, parameters)}.
  """
  ends = {label: curves.ends(runs, 'nats') for label, runs in results.items()}
  names = {
    label: f'{layers} × {hidden}' for label, (layers, hidden, _) in sizes.items()
  }
  one, *deeper = ends.values()
  counts = ', '.join(f'{names[label]} {size[2]:,}' for label, size in sizes.items())
  return curve(
    'Depth',
    f'Stacked LSTMs with as many parameters each: {counts}.',
    results,
    names,
    Claim(
      'Stacked layers express more: with as many parameters some deeper network ends '
      'with fewer nats than one layer, with every seed',
      any(np.all(values < one) for values in deeper),
      said(ends, names),
    ),
  )


def cells(results: Runs) -> Picture:
  """Compares LSTM, GRU and the plain cell, which have as many units."""
  ends = {label: curves.ends(runs, 'nats') for label, runs in results.items()}
  return curve(
    'Cells',
    'All three have as many units; so an LSTM has about four times the parameters of '
    'the plain cell, and a GRU three times.',
    results,
    {},
    Claim(
      'LSTM and GRU end with fewer nats than the plain recurrent network, with every '
      'seed',
      all(np.all(ends[cell] < ends['rnn']) for cell in ('lstm', 'gru')),
      said(ends, {}),
    ),
  )
