"""Metrics over a whole split: summed batch by batch, divided once at the end."""

from collections.abc import Callable, Iterable
from typing import Any

import jax

from dl_core import metrics
from dl_core.runtime import compilation
from dl_core.types import Batch, Experiment, Key, Variables

EVALUATION = 2**32 - 2  # a run's key is folded with the step, which never gets here


def evaluate(
  measure: Callable, variables: Variables, batches: Iterable[Batch], key: Key
) -> dict[str, float]:
  """Returns the mean metrics of the batches.

  Args:
    measure: a task's `metrics`, compiled by the caller, who uses it again.
    variables: the model's variables.
    batches: padded and masked, all of one shape.
    key: what evaluation draws from; the same at every evaluation of a run.
  """
  sums = None
  for number, batch in enumerate(batches):
    one = measure(variables, batch, jax.random.fold_in(key, number))
    sums = one if sums is None else metrics.add(sums, one)
  return metrics.mean(sums or {})


def make_evaluator(
  experiment: Experiment, place: Callable[[Batch], Batch] = lambda batch: batch
) -> Callable[[Any, str], dict[str, float]]:
  """Makes (`TrainState`, split) -> its mean metrics; compiled once for all splits.

  Args:
    experiment: the one to evaluate.
    place: puts a host batch where it is to be.
  """
  measure = jax.jit(experiment.task.metrics, compiler_options=compilation.often())

  def mean_metrics(state: Any, split: str) -> dict[str, float]:
    batches = map(place, experiment.data.splits[split]())
    key = jax.random.fold_in(state.key, EVALUATION)
    return evaluate(measure, variables(experiment, state), batches, key)

  return mean_metrics


def variables(experiment: Experiment, state: Any) -> Variables:
  """Returns what of a `TrainState` is evaluated: its variables, or their average."""
  found = state.variables
  if experiment.averaged is not None:
    found = found | {'params': experiment.averaged(state)}
  return found if experiment.settled is None else experiment.settled(found)
