"""Draws two classes on either side of a curve, with some labels wrong.

Points are uniform in the square [-1, 1]²; above y = `HEIGHT`·sin(πx) they are of the
second class, but one label in ten is flipped. No classifier has a lower error rate than
that one in ten; with a lower one on its training examples it has learnt their noise.
"""

import numpy as np

from dl_core.data import samples
from dl_core.types import Data

HEIGHT = 0.8  # of the sine
TURNED = 0.1  # share of the labels: the least error of any classifier
COLUMNS = ('x', 'y')
CLASSES = ('below', 'above')
SIZES = {'train': 4_000, 'validation': 1_000, 'test': 4_000}


def data(batch_size: int) -> Data:
  """Makes their Data."""

  def load(split):
    return draw(np.random.default_rng(list(SIZES).index(split)), SIZES[split])

  return samples.labelled('curved/1', len(COLUMNS), CLASSES, load, batch_size)


def draw(random: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
  """Draws points x float32 [n, 2] and their classes y int32 [n]."""
  x = random.uniform(-1, 1, (n, 2))
  turned = random.uniform(size=n) < TURNED
  above = x[:, 1] > curve(x[:, 0])
  return x.astype(np.float32), (above ^ turned).astype(np.int32)


def curve(x: np.ndarray) -> np.ndarray:
  """Returns the height of the true boundary over each x."""
  return HEIGHT * np.sin(np.pi * x)
