"""Metrics over a whole split: summed batch by batch, divided once at the end."""

from collections.abc import Callable, Iterable

import jax

from dl_core import metrics
from dl_core.types import Batch, Key, Variables


def evaluate(
  judge: Callable, variables: Variables, batches: Iterable[Batch], key: Key
) -> dict[str, float]:
  """Returns the mean metrics of the batches.

  Args:
    judge: a task's `metrics`, compiled by the caller, who uses it again.
    variables: the model's variables.
    batches: padded and masked, all of one shape.
    key: what evaluation draws from; the same at every evaluation of a run.
  """
  sums = None
  for number, batch in enumerate(batches):
    one = judge(variables, batch, jax.random.fold_in(key, number))
    sums = one if sums is None else metrics.add(sums, one)
  return metrics.mean(sums or {})
