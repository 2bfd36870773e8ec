"""Splits drawn by a fixed seed, the same on every machine and in every version."""

import numpy as np


def carve(labels: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
  """Chooses `count` examples, each class in proportion to its size.

  The places that rounding leaves over go to the largest remainders. Every class keeps
  at least one example that is not chosen.

  Args:
    labels: integers [n].
    count: how many to choose.
    seed: draws the choice. (`RandomState`'s stream is frozen; `Generator`'s is not.)

  Returns:
    Booleans [n], True where chosen.

  Raises:
    ValueError: fewer than `count` can be chosen.
  """
  classes, which, sizes = np.unique(labels, return_inverse=True, return_counts=True)
  if count > (sizes - 1).sum():
    raise ValueError(f'{count=} is more than {len(labels)=} less one for each class')
  exact = sizes * (count / max(len(labels), 1))
  quotas = np.floor(exact).astype(int)
  while (short := count - quotas.sum()) > 0:
    wanting = np.where(quotas < sizes - 1, exact - quotas, -np.inf)
    free = np.argsort(-wanting, kind='stable')[:short]
    quotas[free[wanting[free] > -np.inf]] += 1
  chosen, random = np.zeros(len(labels), bool), np.random.RandomState(seed)
  for number in range(len(classes)):
    chosen[random.permutation(np.flatnonzero(which == number))[: quotas[number]]] = True
  return chosen
