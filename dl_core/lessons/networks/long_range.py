"""How far back a network remembers: recall of letters at distances up to 128.

The lecture: a recurrent network loses what is far away, a Transformer reaches near and
far words alike. Shapes: N examples, K distances, S tokens of a source, V tokens in the
vocabulary.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from dl_core.data import recall
from dl_core.report import draw
from dl_core.tasks import translation
from dl_core.types import Batch, Claim, Data, Picture

NAMES = {
  'lstm': 'LSTM',
  'attention': 'LSTM with attention',
  'transformer': 'Transformer',
  'unplaced': 'Transformer without positions',
}
COLOURS = dict(zip(NAMES, draw.COLOURS, strict=False))
ENOUGH, HALF, CHANCE = 0.95, 0.5, 1 / recall.COUNT
NEAR = 0.05  # of what the source's letters tell without their order
Runs = Mapping[str, Sequence[Any]]  # {label: `studies.Finished` of every seed}


def pictures(sizes: Mapping[str, int], results: Runs) -> list[Picture]:
  """Draws accuracy by distance, and the reach of untrained networks.

  Args:
    sizes: {label: parameters}.
    results: {label: runs}.
  """
  any_run = next(iter(results.values()))[0]
  count = any_run.experiment.data.spec.batch.x['source'].shape[1] - 1
  places = recall.distances(count)
  right = {
    label: np.stack([by_distance(run) for run in runs], axis=1)
    for label, runs in results.items()
  }  # [K, seeds] each
  mean = {label: values.mean(axis=1) for label, values in right.items()}
  moved = {label: influence(runs[0]) for label, runs in results.items()}
  last = {label: values[-1] / values[0] for label, values in moved.items()}
  frequent = most_frequent(any_run.experiment.data)

  def show():
    titles = ['right answers, trained', 'change of the answer, untrained']
    figure, (left, other) = draw.panels(8.6, 3.4, 2, titles=titles)
    for label in results:
      name = f'{NAMES[label]}, {sizes[label]:,} parameters'
      draw.band(left, places, right[label], name, COLOURS[label])
      other.plot(places, moved[label], color=COLOURS[label], marker='.')
    draw.guide(left, y=CHANCE)
    left.set(xlabel='distance', ylim=(-0.03, 1.03))
    other.set(xlabel='distance', yscale='log')
    draw.legend(left, loc='lower left')
    return figure

  percent = lambda label: (
    f'{NAMES[label]} {mean[label].min():.0%} at its worst distance, '
    f'{mean[label][-1]:.0%} at {places[-1]}'
  )
  return [
    Picture(
      'Recall of letters',
      f'The task is to copy {len(places)} of {count} random letters, equally spaced. '
      'Left: the share of right answers by distance from the end; dotted: chance. '
      'Right: how much the probabilities of an answer change, before any training, '
      'when the letter to be copied is replaced by another.',
      show,
      (
        Claim(
          f'A Transformer recalls {ENOUGH:.0%} of the letters at every distance, an '
          'LSTM of as many parameters fewer than half of the farthest',
          bool(mean['transformer'].min() >= ENOUGH and mean['lstm'][-1] < HALF),
          f'{percent("transformer")}; {percent("lstm")}',
        ),
        Claim(
          'The answer of an untrained LSTM does not depend on the farthest letter, '
          'that of an untrained Transformer as much as on the nearest',
          bool(last['lstm'] < 0.01 and 0.5 < last['transformer'] < 2),
          f'farthest over nearest: LSTM {last["lstm"]:.1g}, '
          f'Transformer {last["transformer"]:.2g}',
        ),
        Claim(
          'Without positions a Transformer knows little more than the most frequent '
          'letter of a source',
          bool(mean['unplaced'].max() <= frequent + NEAR),
          f'at most {mean["unplaced"].max():.1%} right; the most frequent letter is '
          f'right in {frequent:.1%}, any in {CHANCE:.1%}',
        ),
      ),
    )
  ]


def by_distance(run: Any) -> np.ndarray:
  """Returns the share of right letters at each distance [K] on the test split."""
  experiment = run.experiment
  x, y = translation.examples(experiment.data, 'test')
  logits = np.asarray(experiment.task.outputs(run.variables(), x))
  return (logits.argmax(axis=-1) == y).mean(axis=0)[:-1]


def most_frequent(data: Data) -> float:
  """Returns how often the most frequent letter of a test source is an answer."""
  x, y = translation.examples(data, 'test')
  letters = x['source'][:, :-1]
  counts = (letters[:, :, None] == np.arange(letters.max() + 1)).sum(axis=1)
  return float((counts.argmax(axis=1)[:, None] == y[:, :-1]).mean())


def influence(run: Any) -> np.ndarray:
  """Returns how much an untrained answer depends on its letter, by distance [K].

  The mean over examples of |Δp|, summed over the vocabulary, when the letter that is
  asked for becomes the next one of the alphabet. The decoder is told what it was told.
  """
  experiment = run.experiment
  task = experiment.task
  x, y = translation.examples(experiment.data, 'validation')
  batch = Batch(x, y, np.ones(y.shape, np.float32))
  variables = jax.jit(task.init)(jax.random.key(0), batch)
  count = x['source'].shape[1] - 1

  def said(source):
    logits = task.outputs(variables, x | {'source': source})
    return np.asarray(jax.nn.softmax(logits), np.float64)

  before = said(x['source'])
  moved = []
  for number, distance in enumerate(recall.distances(count)):
    other = np.array(x['source'])
    place = count - distance
    other[:, place] = recall.FIRST + (other[:, place] + 1 - recall.FIRST) % recall.COUNT
    change = np.abs(said(other) - before)[:, number]
    moved.append(change.sum(axis=-1).mean())
  return np.array(moved)
