"""Lays out the curves of a run for the page that shows them.

Only places are computed here, in per cent of a chart's width and height; report.html
draws lines as SVG and writes labels as HTML, so that a chart may take any shape while
its text keeps its size.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from dl_core import history, metrics


class Drawn(NamedTuple):
  """One curve.

  Attributes:
    split: 'train' or 'validation'.
    path: SVG path data in a box of 100 by 100.
    dots: (x, y, words) of the single points, where they are few.
    last: the last figure, in words.
  """

  split: str
  path: str
  dots: list[tuple[float, float, str]]
  last: str


class Chart(NamedTuple):
  """A figure over the steps.

  Attributes:
    name: of the figure.
    curves: train and validation, as far as there are any.
    x, y: ticks as (place, label).
    best: place on x of the best validation figure, and words on it; None without one.
    log: whether y is logarithmic.
  """

  name: str
  curves: list[Drawn]
  x: list[tuple[float, str]]
  y: list[tuple[float, str]]
  best: tuple[float, str] | None
  log: bool


def charts(lines: Sequence[history.Line]) -> list[Chart]:
  """Returns a chart of every figure that train or validation has, the loss first."""
  told = [line for line in lines if line.get('split') in ('train', 'validation')]
  names = dict.fromkeys(name for line in told for name in history.figures(line))
  found = [chart(told, name) for name in sorted(names, key=lambda name: name != 'loss')]
  return [each for each in found if each is not None]


def chart(lines: Sequence[history.Line], name: str) -> Chart | None:
  """Lays out one figure; None where it has no finite value.

  The axis is logarithmic if all values are positive and span more than a decade.
  """
  curves = {s: history.curve(lines, s, name) for s in ('train', 'validation')}
  points = history.finite(curves['train'] + curves['validation'])
  if not points:
    return None
  values = [value for _, value in points]
  low, high, end = min(values), max(values), max(1, *(step for step, _ in points))
  log = name not in history.FRACTIONS and 0 < 10 * low < high
  marks = ticks(low, high, log)
  bend = math.log10 if log else float
  bottom, height = bend(marks[0]), bend(marks[-1]) - bend(marks[0])

  def place(step, value):
    up = (bend(value) - bottom) / height
    return round(100 * step / end, 2), round(100 - 100 * up, 2)

  def path(points):
    parts, pen = [], 'M'
    for step, value in points:
      if math.isfinite(value):
        parts.append('{}{} {}'.format(pen, *place(step, value)))
      pen = 'L' if math.isfinite(value) else 'M'  # a gap where it is not finite
    return ''.join(parts)

  def words(step, value):
    return f'step {step:,}: {history.shown(name, value)}'

  def dots(points):
    points = history.finite(points)
    return [(*place(*p), words(*p)) for p in points] if len(points) <= 40 else []

  pick = max if name in metrics.RISING else min
  judged = history.finite(curves['validation'])
  best = pick(judged, key=lambda point: point[1]) if len(judged) > 1 else None
  scale = 100 if name in history.FRACTIONS else 1
  unit = '%' if name in history.FRACTIONS else ''
  return Chart(
    name=name,
    curves=[
      Drawn(split, path(points), dots(points), history.shown(name, points[-1][1]))
      for split, points in curves.items()
      if points
    ],
    x=[(100 * v / end, f'{v:,.0f}') for v in ticks(0, end) if v <= end and v == int(v)],
    y=[(place(0, value)[1], f'{scale * value:.6g}{unit}') for value in marks],
    best=best and (place(*best)[0], words(*best)),
    log=log,
  )


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
