"""Collects figures of runs that differ only in their seeds.

Shapes: N runs, T moments.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dl_core.report import draw
from dl_core.train import history

band = draw.band


def over(runs: Sequence[Any], split: str, name: str) -> tuple[np.ndarray, np.ndarray]:
  """Returns the steps [T] at which all runs have a figure, and the figures [T, N].

  Args:
    runs: `studies.Finished`.
    split: 'train', 'validation' or 'test'.
    name: the figure, 'loss' for example.
  """
  every = [dict(history.curve(run.lines, split, name)) for run in runs]
  steps = sorted(set.intersection(*map(set, every)))
  values = [[found[step] for found in every] for step in steps]
  return np.array(steps), np.array(values).reshape(len(steps), len(runs))


def steps_to(
  runs: Sequence[Any], split: str, name: str, good: Callable[[float], bool]
) -> list[float]:
  """Returns the first step at which the figure of each run is good, or ∞."""
  return [
    next(
      (s for s, value in history.curve(r.lines, split, name) if good(value)), math.inf
    )
    for r in runs
  ]


def ends(runs: Sequence[Any], name: str) -> np.ndarray:
  """Returns a figure [N] of the result of each run on the test split."""
  return np.array([history.figures(run.lines[-1])[name] for run in runs])


def spread(values: Any, form: str = '.3g') -> str:
  """Returns the mean ± sample standard deviation of values, or ∞ if one is infinite."""
  values = np.asarray(values, float)
  if not np.isfinite(values).all():
    return '∞'
  mean = format(values.mean(), form)
  return f'{mean} ± {values.std(ddof=1):{form}}' if len(values) > 1 else mean
