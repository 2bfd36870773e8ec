"""Lays out the results of groups of runs as rows of dots over one axis.

Only places are computed here, in per cent of the axis; parts.html draws them.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dl_core.report import axis
from dl_core.train import history


class Row(NamedTuple):
  """Runs that differ in the seed alone: one row of dots.

  Attributes:
    label, look: name and CSS classes of the group.
    values: {label of a run: its figure}.
    mean, deviation: of the values; None for a single value.
    text: mean and deviation in words.
  """

  label: str
  look: str
  values: Mapping[str, float]
  mean: float | None
  deviation: float | None
  text: str


class Laid(NamedTuple):
  """A row on the axis: dots as (place, words), places of the mean and of the bar."""

  row: Row
  dots: list[tuple[float, str]]
  mean: float | None
  bar: tuple[float, float] | None


class Strip(NamedTuple):
  """One figure of several groups of runs over one axis.

  Attributes:
    name: the figure.
    rows: the groups.
    x: ticks as (place, label).
    marks: (place, words) of each reference value within the axis.
    log: whether x is logarithmic.
  """

  name: str
  rows: list[Laid]
  x: list[tuple[float, str]]
  marks: list[tuple[float, str]]
  log: bool


def layout(
  name: str, rows: Sequence[Row], marks: Mapping[str, float] | None = None
) -> Strip | None:
  """Lays out the results of groups of runs; None if no result is finite.

  Args:
    name: the figure.
    rows: the groups.
    marks: reference values as {label: value}.
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
  scale = axis.fit(name, values + [edge for bar in bars if bar for edge in bar])
  place = lambda value: round(scale.place(value), 2)
  words = lambda label, value: f'{label}: {history.shown(name, value)}'
  laid = [
    Laid(
      row,
      [(place(v), words(run, v)) for run, v in row.values.items() if math.isfinite(v)],
      place(row.mean) if bar and row.mean is not None else None,
      (place(bar[0]), place(bar[1])) if bar else None,
    )
    for row, bar in zip(rows, bars, strict=True)
  ]
  within = lambda value: scale.ticks[0] <= value <= scale.ticks[-1]
  marked = [
    (place(v), words(label, v)) for label, v in (marks or {}).items() if within(v)
  ]
  labels = [(place(value), axis.label(name, value)) for value in scale.ticks]
  return Strip(name, laid, labels, marked, scale.log)
