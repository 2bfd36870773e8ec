"""Lays out curves over the steps.

Only places are computed here, in per cent of a chart's width and height; parts.html
draws lines as SVG and writes labels as HTML, so that a chart may take any shape while
its text keeps its size.
"""

import math
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dl_core import metrics
from dl_core.report import axis, verdict
from dl_core.train import history

SPLITS = ('train', 'validation')


class Series(NamedTuple):
  """One curve to lay out.

  Attributes:
    label: name of the split, the run or the group.
    look: CSS classes.
    points: (step, figure).
    band: (step, lowest, highest) around the points; [] for no band.
  """

  label: str
  look: str
  points: history.Curve
  band: Sequence[tuple[int, float, float]] = ()


class Drawn(NamedTuple):
  """One curve, laid out.

  Attributes:
    label, look: as of its `Series`.
    path: SVG path data in a box of 100 by 100.
    band: SVG path data of the outline of the band, '' for no band.
    dots: (x, y, words) of each point; [] if there are more than 40.
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
    name: the figure, or several whose curves are the same: 'loss, nats'.
    curves: in the order in which they are drawn.
    x, y: ticks as (place, label).
    best: place on x of the best validation figure, and its words; None for no mark.
    log: whether y is logarithmic.
  """

  name: str
  curves: list[Drawn]
  x: list[tuple[float, str]]
  y: list[tuple[float, str]]
  best: tuple[float, str] | None
  log: bool


def names(runs: Iterable[Sequence[history.Line]]) -> dict[str, str]:
  """Returns the figures of train and validation as {name: heading}, the loss first.

  Figures whose curves are the same in every run are drawn once, under all their names:
  {'loss': 'loss, nats'}.
  """
  lines = [line for run in runs for line in run if line.get('split') in SPLITS]
  measured = [history.figures(line) for line in lines]
  every = dict.fromkeys(name for figures in measured for name in figures)
  same: dict[str, list[str]] = {}
  for name in sorted(every, key=lambda name: name != 'loss'):
    curves = repr([metrics.kind(name), *(figures.get(name) for figures in measured)])
    same.setdefault(curves, []).append(name)
  return {alike[0]: ', '.join(alike) for alike in same.values()}


def charts(lines: Sequence[history.Line]) -> list[Chart]:
  """Returns a chart of every figure of train and validation, the loss first."""
  found = [(chart(lines, name), words) for name, words in names([lines]).items()]
  return [laid._replace(name=words) for laid, words in found if laid is not None]


def chart(lines: Sequence[history.Line], name: str) -> Chart | None:
  """Lays out one figure of one run; None if it has no finite value."""
  curves = {split: history.curve(lines, split, name) for split in SPLITS}
  judged = history.finite(curves['validation'])
  pick = max if metrics.kind(name).rising else min
  clear = len(judged) > 1 and not verdict.rivals(lines)
  best = pick(judged, key=lambda point: point[1]) if clear else None
  return layout(name, [Series(s, s, points) for s, points in curves.items()], best)


def layout(
  name: str, series: Sequence[Series], best: tuple[int, float] | None = None
) -> Chart | None:
  """Lays out curves of one figure over the same axes; None if no value is finite."""
  points = history.finite([point for each in series for point in each.points])
  if not points:
    return None
  edges = [edge for each in series for _, *pair in each.band for edge in pair]
  end = max(1, *(step for step, _ in points))
  scale = axis.fit(name, [value for _, value in points] + edges)

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
    x=[
      (100 * v / end, f'{v:,.0f}')
      for v in axis.ticks(0, end)
      if v <= end and v == int(v)
    ],
    y=[(place(0, value)[1], axis.label(name, value)) for value in scale.ticks],
    best=best and (place(*best)[0], words(*best)),
    log=scale.log,
  )
