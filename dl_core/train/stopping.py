"""When a run ends, and which of its states was best.

All of it is decided from the validation lines of metrics.jsonl alone, so a resumed run
decides as an uninterrupted one.
"""

import math
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from dl_core import metrics
from dl_core.types import Experiment, Key, Metrics, UserError

MOST_SKIPPED = 5  # updates in a row
SPIKE = 3.0  # times the mean loss
RISEN = 'risen'  # --until=risen:N


def best_step(history: Sequence[dict]) -> int | None:
  """Returns the step of the lowest finite loss; None where there is none.

  Ties go to the more accurate step, then to the earlier one. The untrained state counts
  only where there is no other: a perceptron that answers 0 to everything has no loss.
  """
  finite = [line for line in history if line.get('loss') is not None]
  trained = [line for line in finite if line['step']] or finite
  rank = lambda line: (line['loss'], -(line.get('accuracy') or 0))
  return min(trained, key=rank, default={'step': None})['step']


def target(until: str) -> tuple[str, float]:
  """Splits METRIC:VALUE. Raises UserError where it is anything else."""
  name, _, text = until.partition(':')
  try:
    value = float(text)
  except ValueError:
    value = math.nan
  whole = name != RISEN or (value >= 1 and value.is_integer())
  if not name or not math.isfinite(value) or not whole:
    raise UserError(
      f'--until={until} was given, METRIC:VALUE is wanted, as in '
      '--until=accuracy:0.99, or risen:N with N of at least 1'
    )
  return name, value


def met(until: str, history: Sequence[dict]) -> str:
  """Returns in words how the last evaluation fulfils --until; '' where it does not."""
  name, value = target(until)
  if name == RISEN:
    rose = risen(history, int(value))
    return f'validation loss above the mean of the {int(value)} before' if rose else ''
  known = [name for name in history[-1] if name not in ('step', 'split')]
  if name not in known:
    raise UserError(
      f'--until={until} was given, but the metrics are {", ".join(known)}; '
      'name one of them'
    )
  if metrics.reached(history[-1], name, value):
    return f'validation {name} reached {history[-1][name]:.4g}'
  return ''


def risen(history: Sequence[dict], count: int) -> bool:
  """Returns whether the last loss exceeds the mean of the `count` losses before it.

  The rule of the GCN's authors (https://github.com/tkipf/gcn, train.py): it is asked
  from the evaluation on that has `count` + 1 others before it. What is evaluated before
  the first step does not count.
  """
  losses = [line['loss'] for line in history if line['step']]
  if len(losses) < count + 2 or None in losses[-count - 1 :]:
    return False
  return losses[-1] > float(np.mean(losses[-count - 1 : -1]))


def why(config: Any, step: int, history: Sequence[dict]) -> str:
  """Returns why a run is over, in words; '' while it is not.

  Args:
    config: its settings: steps, patience, until.
    step: updates made so far.
    history: its validation lines so far, oldest first.

  Raises:
    UserError: --until names a metric that the validation lines do not have.
  """
  if found := met(config.until, history) if config.until and history else '':
    return found
  best = best_step(history)
  if config.patience and best is not None:
    since = sum(line['step'] > best for line in history)
    if since >= config.patience:
      return f'no lower validation loss in {since} evaluations'
  return f'all {config.steps} steps done' if step >= config.steps else ''


def spike(sums: Metrics, history: Sequence[dict]) -> dict[str, Any] | None:
  """Finds a step since the last evaluation whose loss jumped.

  A loss jumps above the loss before training and above `SPIKE` times the mean. The
  first step of a run does not count.

  Args:
    sums: metrics since the last report.
    history: the lines so far, oldest first.

  Returns:
    {'step', 'loss'} of the highest loss if it is one, else None.
  """
  before = [line['loss'] for line in history if line.get('loss') is not None]
  (total, weight), (highest, step) = jax.device_get((sums['loss'], sums[metrics.PEAK]))
  if not before or not 0 < before[0] < highest or not weight or not int(step):
    return None
  if highest <= SPIKE * (total / weight):
    return None
  return {'step': int(step), 'loss': float(highest)}


def refuse_skips(experiment: Experiment, fatal: Any, key: Key) -> None:
  """Raises UserError where too many updates in a row were skipped.

  Args:
    experiment, key: of the run, to say which examples they were.
    fatal: the step at which they began, -1 if there were none.
  """
  config, data = experiment.config, experiment.data
  first, which = int(fatal), ''
  if first < 0:
    return
  if data.rows:
    numbers = np.asarray(data.rows(key, first))
    more = ', ...' if len(numbers) > 8 else ''
    which = f' (examples {", ".join(map(str, numbers[:8]))}{more})'
  raise UserError(
    f'the loss or its gradient was not finite in {MOST_SKIPPED} updates in a row, from '
    f'step {first}{which} on, with --learning_rate={config.learning_rate}; the last '
    'good checkpoint is as it was; lower the learning rate or look at these examples'
  )
