"""Lays out curves and dots for the pages that show them.

Only places are computed here, in per cent of a chart's width and height; parts.html
draws lines as SVG and writes labels as HTML, so that a chart may take any shape while
its text keeps its size.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dl_core import metrics
from dl_core.report import verdict
from dl_core.train import history

SPLITS = ('train', 'validation')


class Series(NamedTuple):
  """One curve to lay out.

  Attributes:
    label: what it is of.
    look: its CSS classes.
    points: (step, figure).
    band: (step, lowest, highest) around the points; [] without one.
  """

  label: str
  look: str
  points: history.Curve
  band: Sequence[tuple[int, float, float]] = ()


class Drawn(NamedTuple):
  """One curve, laid out.

  Attributes:
    label, look: the series'.
    path: SVG path data in a box of 100 by 100.
    band: the same of the outline of the band, '' without one.
    dots: (x, y, words) of the single points, where they are few.
    last: the last figure, in words.
  """

  label: str
  look: str
  path: str
  band: str
  dots: list[tuple[float, float, str]]
  last: str


class Chart(NamedTuple):
  """A figure over the steps.

  Attributes:
    name: of the figure.
    curves: in the order in which they are drawn.
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


def names(lines: Iterable[history.Line]) -> list[str]:
  """Returns the figures that train or validation has, the loss first."""
  told = [line for line in lines if line.get('split') in SPLITS]
  found = dict.fromkeys(name for line in told for name in history.figures(line))
  return sorted(found, key=lambda name: name != 'loss')


def charts(lines: Sequence[history.Line]) -> list[Chart]:
  """Returns a chart of every figure that train or validation has, the loss first."""
  found = [chart(lines, name) for name in names(lines)]
  return [each for each in found if each is not None]


def chart(lines: Sequence[history.Line], name: str) -> Chart | None:
  """Lays out one figure of one run; None where it has no finite value."""
  curves = {split: history.curve(lines, split, name) for split in SPLITS}
  judged = history.finite(curves['validation'])
  pick = max if name in metrics.RISING else min
  clear = len(judged) > 1 and not verdict.rivals(lines)
  best = pick(judged, key=lambda point: point[1]) if clear else None
  return layout(name, [Series(s, s, points) for s, points in curves.items()], best)


def layout(
  name: str, series: Sequence[Series], best: tuple[int, float] | None = None
) -> Chart | None:
  """Lays out curves of one figure over the same axes; None without a finite value."""
  points = history.finite([point for each in series for point in each.points])
  if not points:
    return None
  edges = [edge for each in series for _, *pair in each.band for edge in pair]
  end = max(1, *(step for step, _ in points))
  scale = axis(name, [value for _, value in points] + edges)

  def place(step, value):
    return round(100 * step / end, 2), round(100 - scale.place(value), 2)

  def path(points):
    parts, pen = [], 'M'
    for step, value in points:
      if math.isfinite(value):
        parts.append('{}{} {}'.format(pen, *place(step, value)))
      pen = 'L' if math.isfinite(value) else 'M'  # a gap where it is not finite
    return re.sub('(M[^ML]+)(?=M|$)', r'\1h0', ''.join(parts))  # a lone point: a dot

  def outline(band):
    there = [(step, high) for step, _, high in band]
    back = [(step, low) for step, low, _ in reversed(band)]
    return path(there + back) + 'Z' if band else ''

  def words(step, value):
    return f'step {step:,}: {history.shown(name, value)}'

  def dots(points):
    points = history.finite(points)
    return [(*place(*p), words(*p)) for p in points] if len(points) <= 40 else []

  return Chart(
    name=name,
    curves=[
      Drawn(
        each.label,
        each.look,
        path(each.points),
        outline(each.band),
        dots(each.points),
        history.shown(name, each.points[-1][1]),
      )
      for each in series
      if each.points
    ],
    x=[(100 * v / end, f'{v:,.0f}') for v in ticks(0, end) if v <= end and v == int(v)],
    y=[(place(0, value)[1], tick(name, value)) for value in scale.ticks],
    best=best and (place(*best)[0], words(*best)),
    log=scale.log,
  )


class Row(NamedTuple):
  """Runs that differ in the seed alone, a row of dots in a strip.

  Attributes:
    label, look: as of a series.
    values: {label of a run: its figure}.
    mean, deviation: of several values, None of a single one.
    text: the same in words.
  """

  label: str
  look: str
  values: Mapping[str, float]
  mean: float | None
  deviation: float | None
  text: str


class Laid(NamedTuple):
  """A row, laid out: dots as (place, words), places of its mean and of its bar."""

  row: Row
  dots: list[tuple[float, str]]
  mean: float | None
  bar: tuple[float, float] | None


class Strip(NamedTuple):
  """A figure of several rows of runs over one axis.

  Attributes:
    name: of the figure.
    rows: the groups.
    x: ticks as (place, label).
    marks: (place, words) of what the runs are held against, where the axis reaches it.
    log: whether x is logarithmic.
  """

  name: str
  rows: list[Laid]
  x: list[tuple[float, str]]
  marks: list[tuple[float, str]]
  log: bool


def strip(
  name: str, rows: Sequence[Row], marks: Mapping[str, float] | None = None
) -> Strip | None:
  """Lays out the result of groups of runs; None where no run has a finite one.

  Args:
    name: of the figure.
    rows: the groups.
    marks: {label: figure} that they are held against.
  """
  bars = [
    (row.mean - row.deviation, row.mean + row.deviation)
    if row.mean is not None and row.deviation is not None and math.isfinite(row.mean)
    else None
    for row in rows
  ]
  values = [v for row in rows for v in row.values.values() if math.isfinite(v)]
  if not values:
    return None
  scale = axis(name, values + [edge for bar in bars if bar for edge in bar])
  place = lambda value: round(scale.place(value), 2)
  said = lambda label, value: f'{label}: {history.shown(name, value)}'
  laid = [
    Laid(
      row,
      [(place(v), said(run, v)) for run, v in row.values.items() if math.isfinite(v)],
      place(row.mean) if bar and row.mean is not None else None,
      (place(bar[0]), place(bar[1])) if bar else None,
    )
    for row, bar in zip(rows, bars, strict=True)
  ]
  within = lambda value: scale.ticks[0] <= value <= scale.ticks[-1]
  held = [(place(v), said(label, v)) for label, v in (marks or {}).items() if within(v)]
  labels = [(place(value), tick(name, value)) for value in scale.ticks]
  return Strip(name, laid, labels, held, scale.log)


class Axis(NamedTuple):
  """Where values lie between the first and the last of its ticks."""

  ticks: list[float]
  log: bool

  def place(self, value: float) -> float:
    """Returns per cent of the way from the first tick to the last."""
    bend = math.log10 if self.log else float
    first, last = bend(self.ticks[0]), bend(self.ticks[-1])
    return 100 * (bend(value) - first) / (last - first)


def axis(name: str, values: Sequence[float]) -> Axis:
  """Returns an axis for values of a figure.

  It is logarithmic if all of them are positive and span more than a decade.
  """
  low, high = min(values), max(values)
  log = name not in metrics.FRACTIONS and 0 < 10 * low < high
  return Axis(ticks(low, high, log), log)


def tick(name: str, value: float) -> str:
  """Writes a round value of an axis."""
  fraction = name in metrics.FRACTIONS
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
