"""The curves in metrics.jsonl: figures by step and split, means over seeds.

A history is a list of lines, each a dict with `step`, `split` and figures under fixed
names. Train figures are means over the steps since the line before, taken while
dropout and augmentation were on and while the model was still changing; validation
figures are of one model at rest. So train loss may well lie above validation loss.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from dl_core import metrics
from dl_core import tasks as tasks  # they declare how their metrics are read

RATES = {'tokens_per_second': 'tokens/s', 'examples_per_second': 'examples/s'}
ASIDE = {'step', 'seconds', 'mfu', 'skipped', 'runs', *RATES}  # beside the figures
Line = Mapping[str, Any]
Curve = list[tuple[int, float]]  # (step, figure)


def figures(line: Line) -> dict[str, float]:
  """Returns the measured figures of a line; one that is null is NaN."""
  return {
    name: math.nan if value is None else float(value)
    for name, value in line.items()
    if name not in ASIDE and (value is None or isinstance(value, int | float))
  }


def together(runs: Sequence[Sequence[Line]]) -> list[dict[str, Any]]:
  """Takes several runs together, line by line, where all have a line of that moment.

  Args:
    runs: the history of each, or a part of it.

  Returns:
    Lines of the means of the figures that all have; with more than one run also `std`,
    {figure: standard deviation (of a sample, n - 1)}, and `runs`, their number. Results
    on the test split are one moment, at whatever step a run ended.
  """
  tables = [
    {
      (0 if line['split'] == 'test' else line['step'], line['split']): line
      for line in run
    }
    for run in runs
  ]
  found = []
  for moment, first in tables[0].items():
    if any(moment not in table for table in tables):
      continue
    lines = [table[moment] for table in tables]
    values: dict[str, list[float]] = {
      name: [line[name] for line in lines]
      for name, value in first.items()
      if isinstance(value, float) and all(line.get(name) is not None for line in lines)
    }
    line = {**first, **{name: statistics.fmean(each) for name, each in values.items()}}
    if len(runs) > 1:
      line['step'] = max(each['step'] for each in lines)
      line['std'] = {
        name: statistics.stdev(each)
        for name, each in values.items()
        if name not in ASIDE
      }
      line['runs'] = len(runs)
    found.append(line)
  return found


def curve(history: Sequence[Line], split: str, name: str) -> Curve:
  """Returns (step, figure) of every line of a split that has the figure."""
  ours = [line for line in history if line.get('split') == split]
  return [(line['step'], figures(line)[name]) for line in ours if name in figures(line)]


def finite(points: Curve) -> Curve:
  return [point for point in points if math.isfinite(point[1])]


def shown(name: str, value: float) -> str:
  """Writes a figure as a person reads it: accuracies in per cent."""
  if metrics.kind(name).fraction and math.isfinite(value):
    return f'{100 * value:.2f}%'
  return f'{value:.4g}'


def rate(history: Sequence[Line]) -> str:
  """Writes the median speed, in tokens if it is text's; '' if there is none."""
  for name, unit in RATES.items():
    if found := [line[name] for line in history if line.get(name)]:
      return f'{statistics.median(found):,.0f} {unit}'
  return ''
