"""The accounting of metrics: {name: (total, weight)}, summed, then divided once."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from dl_core.types import Array, Metrics

# Higher is better for these; lower for every other name.
RISING = frozenset(
  [
    'accuracy',
    'top5',
    'bleu',
    'exact',
    'map',
    'iou',
    'real_accuracy',
    'fake_accuracy',
    'classes',
    'confidence',
    'r2',
  ]
)
PEAK = 'peak'  # beside the metrics: the highest loss of a step, and which step
FRACTIONS = RISING - {'bleu', 'classes', 'r2'} | {'largest_share'}  # shown in per cent


def weighted(values: Array, weight: Array) -> tuple[Array, Array]:
  """Sums values with weights of the same shape; what weighs 0 may be anything."""
  return jnp.sum(jnp.where(weight > 0, values, 0) * weight), jnp.sum(weight)


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

  The loss comes first, the others by name; the peak is left out.
  """
  added = {name: pair for name, pair in sums.items() if name != PEAK}
  host = sorted(
    jax.device_get(added).items(), key=lambda item: (item[0] != 'loss', item)
  )
  return {
    name: float(total) / float(weight) if weight else float('nan')
    for name, (total, weight) in host
  }


def reached(figures: Mapping[str, Any], name: str, value: float) -> bool:
  """Returns whether a figure is as good as `value` or better."""
  if figures[name] is None:  # not finite
    return False
  return figures[name] >= value if name in RISING else figures[name] <= value
