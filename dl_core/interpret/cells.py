"""Scores of a network that separates cells from what lies between them, class 0.

Shapes: B images, H x W pixels.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from dl_core import metrics
from dl_core.tasks import measures, rand
from dl_core.types import Data, Experiment, Key, Task, Variables

metrics.declare('pixel_error', rising=False, fraction=True)
metrics.declare('rand', fraction=True)
NOTE = (
  'rand is the foreground-restricted Rand score, at the best of nine thresholds, of '
  'cells whose membranes are not thinned; the scores of the challenge are of thinned '
  'ones.'
)


def scored(experiment: Experiment, task: Task) -> Experiment:
  """Adds `scores` to an experiment of two classes, and an explanation to its notes."""
  data = experiment.data

  def baseline():
    found = data.baseline()  # of a set that is read batch by batch: nothing
    error = {'pixel_error': 1 - found['accuracy']} if 'accuracy' in found else {}
    return {**found, **error}

  before, own = experiment.scores, scores(task)

  def both(variables, data, key):
    first = before(variables, data, key) if before else {}
    return {**first, **own(variables, data, key)}

  noted = data._replace(notes=(*data.notes, NOTE), baseline=baseline)
  return experiment._replace(scores=both, data=noted)


def scores(task: Task) -> Callable[[Variables, Data, Key], Mapping[str, float]]:
  """Makes the scores of ISBI's challenge of 2012 on the test split.

  Reported are `pixel_error`, the share of wrong pixels at a threshold of one half;
  NAME_iou for each of the two classes; and `rand`, see `tasks.rand`.

  Args:
    task: its outputs are logits [B, H, W, 2].
  """
  outputs: Any = task.outputs

  def found(variables, data, key):
    del key
    chances, truths, sums = [], [], None
    wrong = count = 0.0
    for batch in data.splits['test']():
      said = outputs(variables, batch.x)
      own = {'iou': measures.overlap(said, batch.y, batch.weight)}
      logits, weight = np.asarray(said), np.asarray(batch.weight)
      sums = own if sums is None else metrics.add(sums, own)
      wrong += float(np.sum((logits.argmax(-1) != batch.y) * weight))
      count += float(weight.sum())
      for place in np.flatnonzero(weight.any(axis=(1, 2))):
        chances.append(np.asarray(jax.nn.softmax(logits[place]))[..., 1])
        truths.append(np.asarray(batch.y[place]) > 0)
    assert sums is not None, 'a test split has batches'
    both, either = map(np.asarray, sums['iou'])
    names = [f'{name}_iou' for name in data.spec.classes]
    for name in names:
      metrics.declare(name, fraction=True)
    each = dict(zip(names, (both / np.maximum(either, 1)).tolist(), strict=True))
    return {'pixel_error': wrong / count, 'rand': rand.best(chances, truths), **each}

  return found
