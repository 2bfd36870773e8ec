"""Axes: round ticks for values, and where values stand between them."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from dl_core import metrics


class Axis(NamedTuple):
  """A linear or logarithmic axis from the first to the last of its ticks."""

  ticks: list[float]
  log: bool

  def place(self, value: float) -> float:
    """Returns where a value stands, in per cent of the axis."""
    bend = math.log10 if self.log else float
    first, last = bend(self.ticks[0]), bend(self.ticks[-1])
    return 100 * (bend(value) - first) / (last - first)


def fit(name: str, values: Sequence[float]) -> Axis:
  """Returns an axis for values of a figure.

  The axis is logarithmic if all values are positive and span more than a decade.
  """
  low, high = min(values), max(values)
  log = not metrics.kind(name).fraction and 0 < 10 * low < high
  return Axis(ticks(low, high, log), log)


def label(name: str, value: float) -> str:
  """Returns the label of a tick."""
  fraction = metrics.kind(name).fraction
  return f'{100 * value:.6g}%' if fraction else f'{value:.6g}'


def ticks(low: float, high: float, log: bool = False) -> list[float]:
  """Returns two to eight round numbers; the first is <= low, the last >= high."""
  if log:
    bottom, top = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for mantissas in ((1, 2, 5), (1, 3)):
      marks = [m * 10.0**k for k in range(bottom - 1, top + 2) for m in mantissas]
      first, last = (
        max(m for m in marks if m <= low),
        min(m for m in marks if m >= high),
      )
      marks = [mark for mark in marks if first <= mark <= last]
      if len(marks) <= 8:
        return marks
    stride = math.ceil((top - bottom) / 7)
    return [10.0**k for k in range(bottom, top + stride, stride)]
  if high - low <= 1e-9 * abs(high):
    low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
  unit = 10.0 ** math.floor(math.log10((high - low) / 5))
  step = next(m * unit for m in (1, 2, 5, 10) if 5 * m * unit >= 0.999 * (high - low))
  count = range(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1)
  return [float(f'{i * step:.12g}') for i in count]
