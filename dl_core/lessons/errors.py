"""Standard errors of means over examples, of values [R, N]: R seeds, N examples."""

import math

import numpy as np

LARGE = 2  # standard errors that a mean must be away from 0


def of(values: np.ndarray) -> tuple[float, float]:
  """Returns the mean and its standard error over the examples, ∞ of one."""
  each = values.mean(axis=0)
  if len(each) < 2:
    return float(each.mean()), math.inf
  return float(each.mean()), float(each.std(ddof=1)) / math.sqrt(len(each))


def above(values: np.ndarray) -> bool:
  """Returns whether the mean is above 0 by more than two standard errors."""
  mean, error = of(values)
  return mean > LARGE * error


def spread(values: np.ndarray) -> str:
  """Returns the mean ± its standard error."""
  mean, error = of(values)
  return f'{mean:.1f} ± {error:.1f}'
