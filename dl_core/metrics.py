"""The accounting of metrics: {name: (total, weight)}, summed, then divided once."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Array, Metrics


class Kind(NamedTuple):
  """How the values of a metric are read.

  Attributes:
    rising: whether higher is better.
    fraction: whether it is a fraction of 1, which is shown in per cent.
    player: whether it is the loss of another player of a game, beside `loss`.
  """

  rising: bool = False
  fraction: bool = False
  player: bool = False


PEAK = 'peak'  # beside the metrics: the highest loss of a step, and which step
READ = 'read'  # beside the metrics: the tokens that are no padding, over the examples
_declared: dict[str, Kind] = {}


def declare(
  name: str, *, rising: bool = True, fraction: bool = False, player: bool = False
) -> None:
  """Declares how a metric is read. Lower is better for a name without declaration.

  Whoever measures something declares it; a workdir keeps the declarations of its run.

  Raises:
    ValueError: the name is declared otherwise already.
  """
  wanted = Kind(rising, fraction, player)
  if _declared.setdefault(name, wanted) != wanted:
    raise ValueError(f'{name=} was declared as {_declared[name]}, not as {wanted}')


def declared() -> dict[str, dict[str, bool]]:
  """Returns all declarations as JSON can write them."""
  return {name: each._asdict() for name, each in _declared.items()}


def restore(stored: Mapping[str, Mapping[str, bool]]) -> None:
  """Declares what another process had declared; this one's declarations win."""
  for name, each in stored.items():
    _declared.setdefault(name, Kind(**each))


def kind(name: str) -> Kind:
  """Returns how the metric of this name is read."""
  return _declared.get(name, Kind())


def weighted(values: Array, weight: Array) -> tuple[Array, Array]:
  """Sums values with weights of the same shape; what weighs 0 may be anything."""
  return jnp.sum(jnp.where(weight > 0, values, 0) * weight), jnp.sum(weight)


def labelled(weight: Any) -> Array:
  """Returns which examples [B] have a label that counts, as numbers 0 and 1.

  Args:
    weight: of a batch: arrays whose first axis is B.
  """
  counts = [
    jnp.any(leaf.reshape(len(leaf), -1) > 0, axis=1) for leaf in jax.tree.leaves(weight)
  ]
  return jnp.any(jnp.stack(counts), axis=0).astype(jnp.float32)


def add(a: Metrics, b: Metrics) -> Metrics:
  """Adds two sets of (total, weight); of two peaks, it keeps the higher."""
  found = {name: jax.tree.map(jnp.add, a[name], b[name]) for name in a if name != PEAK}
  if PEAK in a:
    higher = b[PEAK][0] > a[PEAK][0]
    pick = lambda x, y: jnp.where(higher, y, x)
    found[PEAK] = jax.tree.map(pick, a[PEAK], b[PEAK])
  return found


def peak(sums: Metrics, step: Any) -> Metrics:
  """Returns the peak of one step's metrics: (mean loss, the step)."""
  total, weight = sums['loss']
  return {PEAK: (total / jnp.maximum(weight, 1e-30), jnp.int32(step))}


def mean(sums: Metrics) -> dict[str, float]:
  """Divides each total by its weight: the only place where metrics are divided.

  Totals and weights may be arrays of one shape, with an entry for each class say: the
  mean is then over the entries whose weight is not 0. The loss comes first, the others
  by name; what stands beside them is left out.
  """
  beside = (PEAK, READ)
  host = jax.device_get({name: sums[name] for name in sums if name not in beside})
  names = sorted(host, key=lambda name: (name != 'loss', name))
  return {name: _divided(*host[name]) for name in names}


def tokens(sums: Metrics) -> float | None:
  """Returns the mean number of tokens of an example; None where nobody counted them."""
  return _divided(*jax.device_get(sums[READ])) if READ in sums else None


def _divided(total: Any, weight: Any) -> float:
  total, weight = (np.asarray(each, np.float64) for each in (total, weight))
  counted = weight != 0
  return float(np.mean(total[counted] / weight[counted])) if counted.any() else math.nan


def reached(figures: Mapping[str, Any], name: str, value: float) -> bool:
  """Returns whether a figure is as good as `value` or better."""
  if figures[name] is None:  # not finite
    return False
  return figures[name] >= value if kind(name).rising else figures[name] <= value
