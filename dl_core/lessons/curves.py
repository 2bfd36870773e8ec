"""Figures over the steps, of runs that differ in their seeds: their mean and spread.

Shapes: N runs, T moments.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dl_core.train import history

# Colours of lines, for light and dark pages.
COLOURS = (
  '#2f7fb8', '#cf7a24', '#3f9c74', '#b5577f', '#8a6fb8', '#a5893a', '#808080',
)  # fmt: skip


def over(runs: Sequence[Any], split: str, name: str) -> tuple[np.ndarray, np.ndarray]:
  """Returns the steps [T] at which all runs have a figure, and the figures [T, N].

  Args:
    runs: `studies.Finished`.
    split, name: which lines of theirs, and which figure.
  """
  every = [dict(history.curve(run.lines, split, name)) for run in runs]
  steps = sorted(set.intersection(*map(set, every)))
  values = [[found[step] for found in every] for step in steps]
  return np.array(steps), np.array(values).reshape(len(steps), len(runs))


def band(
  axes: Any, steps: np.ndarray, values: np.ndarray, label: str, colour: str, **look: Any
) -> None:
  """Draws the mean of values [T, N], and a band from the lowest to the highest."""
  axes.plot(steps, values.mean(axis=1), color=colour, label=label, **look)
  if values.shape[1] > 1:
    ends = values.min(axis=1), values.max(axis=1)
    axes.fill_between(steps, *ends, color=colour, alpha=0.2, lw=0)


def steps_to(
  runs: Sequence[Any], split: str, name: str, good: Callable[[float], bool]
) -> list[float]:
  """Returns the first step at which each run's figure is good; ∞ if it never is."""
  return [
    next(
      (s for s, value in history.curve(r.lines, split, name) if good(value)), math.inf
    )
    for r in runs
  ]


def ends(runs: Sequence[Any], name: str) -> np.ndarray:
  """Returns a figure [N] of each run's result on the test split."""
  return np.array([history.figures(run.lines[-1])[name] for run in runs])


def spread(values: Any, form: str = '.3g') -> str:
  """Writes values as their mean and sample standard deviation, ∞ if one is infinite."""
  values = np.asarray(values, float)
  if not np.isfinite(values).all():
    return '∞'
  mean = format(values.mean(), form)
  return f'{mean} ± {values.std(ddof=1):{form}}' if len(values) > 1 else mean
