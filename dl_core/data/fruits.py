"""Draws apples, oranges and bananas: classes with a known best boundary and error.

A fruit has three features, numbers around 0: its shape from round to long, its colour
from red to yellow, its softness from hard to soft. Fruits of a kind are Gaussian, all
with the same spread in every column. So the best boundary between two kinds is the
plane midway between their means, at right angles to the line that joins them, and its
error is Φ(-d/2), d the distance of the means in spreads (Duda, Hart & Stork 2001,
Pattern Classification, 2.6-2.7). Shape and colour separate bananas; apples and
oranges overlap in them, unless softness is given too.

Shapes: n fruits, F columns.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dl_core.data import samples
from dl_core.types import Data, UserError

COLUMNS = ('shape', 'colour', 'softness')
MEANS = {
  'apple': (-0.65, -0.2, -0.5),
  'orange': (-0.55, 0.2, 0.5),
  'banana': (0.8, 0.9, 0.3),
}
SPREAD = 0.2  # of a kind around its mean, in every column, noise included
SETS = {
  'apple_banana': ('apple', 'banana'),
  'apple_orange': ('apple', 'orange'),
  'fruits': ('apple', 'orange', 'banana'),
}
SIZES = {'train': 4_000, 'validation': 1_000, 'test': 4_000}


class Best(NamedTuple):
  """The best boundary w·x + b = 0 between two kinds, positive where it is the second.

  Attributes:
    w, b: [F] and a number.
    error: how often it errs; no other boundary errs less.
  """

  w: np.ndarray
  b: float
  error: float


def data(name: str, columns: Sequence[str], noise: int, batch_size: int) -> Data:
  """Makes the Data of a set of fruits, drawn of each kind as likely.

  Args:
    name: of `SETS`.
    columns: of `COLUMNS`, in the order of x.
    noise: columns beside them that have nothing to do with the fruit.
    batch_size: of a training batch.

  Raises:
    UserError: there is no such column.
  """
  places = _places(columns)

  def load(split):
    random = np.random.default_rng(list(SIZES).index(split))
    x, y = draw(random, SETS[name], SIZES[split])
    more = SPREAD * random.standard_normal((len(y), noise), np.float32)
    return np.concatenate([x[:, places], more], axis=1), y

  width = len(places) + noise
  return samples.labelled(f'{name}/1', width, SETS[name], load, batch_size)


def draw(
  random: np.random.Generator, kinds: Sequence[str], n: int
) -> tuple[np.ndarray, np.ndarray]:
  """Draws fruits: x float32 [n, 3] in the order of `COLUMNS`, kinds y int32 [n]."""
  y = random.integers(len(kinds), size=n, dtype=np.int32)
  means = np.array([MEANS[kind] for kind in kinds])
  x = means[y] + SPREAD * random.standard_normal((n, len(COLUMNS)))
  return x.astype(np.float32), y


def named(columns: Sequence[str], noise: int) -> tuple[str, ...]:
  """Returns the name of each column of x, those of noise included."""
  return (*columns, *(f'noise {number + 1}' for number in range(noise)))


def best(name: str, columns: Sequence[str], noise: int = 0) -> Best:
  """Returns the best boundary between the two kinds of a set."""
  first, second = (np.array(MEANS[kind])[_places(columns)] for kind in SETS[name])
  w = (second - first) / SPREAD**2
  b = -float(w @ (first + second)) / 2
  distance = float(np.linalg.norm(second - first)) / SPREAD
  error = math.erfc(distance / 2 / math.sqrt(2)) / 2  # Φ(-d/2)
  return Best(np.append(w, np.zeros(noise)), b, error)


def _places(columns: Sequence[str]) -> list[int]:
  if unknown := [column for column in columns if column not in COLUMNS]:
    raise UserError(
      f'the column {unknown[0]} was asked for, which fruits lack; their columns are '
      f'{", ".join(COLUMNS)}'
    )
  return [COLUMNS.index(column) for column in columns]
