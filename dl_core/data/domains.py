"""Draws digits in two styles, for translation between unpaired sets of images.

In the first domain a digit is white on black, in the second its outline is drawn in
cream on a tinted ground. The outline is the difference between the brightest and the
darkest of the nine pixels around each, so it tells the digit to the pixel, but not by
colour what is inside: to fill it in, one has to see more than a few pixels.

The training images are unpaired: no digit is in both domains. Those of validation and
of test show one digit twice, so that a translation can be held against the truth.

A pair is a function of (split, number). It is drawn in NumPy from `RandomState`, whose
stream is frozen. The digits are scikit-learn's.

Shapes: S = `SIDE` pixels of a side, D = 8 pixels of a digit.
"""

from typing import NamedTuple

import numpy as np

from dl_core.data import clutter

SIDE = 32
SPLITS = {'train': 4_096, 'validation': 256, 'test': 512}
SIZES = (24, 30)  # the smallest and the largest side of a digit, in pixels
PAIRED = ('validation', 'test')
GROUND = np.array([0.16, 0.38, 0.45])
CREAM = np.array([0.98, 0.93, 0.80])
SHARP = 2.0  # contrast at the edge of the ink, which is enlarged and so blurred


class Pair(NamedTuple):
  """An image of each domain.

  Attributes:
    images: uint8 [S, S, 3] of the first and of the second domain.
    labels: which digits they show; equal where the pair shows one digit twice.
  """

  images: tuple[np.ndarray, np.ndarray]
  labels: tuple[int, int]


def generator(split: str, number: int) -> np.random.RandomState:
  """Returns the generator of one pair; its stream is the same in every NumPy."""
  return np.random.RandomState([[*SPLITS].index(split), number])


def draw(random: np.random.RandomState, split: str, ink: clutter.Ink) -> Pair:
  """Draws a pair of a split.

  Args:
    random: see `generator`.
    split: of training, the first half of the digits is of the first domain.
    ink: the digits of the split.
  """
  half = len(ink.labels) // 2
  if split in PAIRED:
    number = random.randint(len(ink.labels))
    strokes = placed(random, ink.images[number])
    label = int(ink.labels[number])
    return Pair((plain(strokes), outlined(strokes)), (label, label))
  first, second = random.randint(half), half + random.randint(len(ink.labels) - half)
  return Pair(
    (
      plain(placed(random, ink.images[first])),
      outlined(placed(random, ink.images[second])),
    ),
    (int(ink.labels[first]), int(ink.labels[second])),
  )


def placed(random: np.random.RandomState, pixels: np.ndarray) -> np.ndarray:
  """Enlarges a digit [D, D] somewhere on black; returns its ink [S, S] in [0, 1]."""
  size = clutter.within(random, SIZES)
  top, left = random.randint(0, SIDE - size + 1, 2)
  ink = np.zeros((SIDE, SIDE))
  enlarged = 0.5 + SHARP * (clutter.resized(pixels, size) - 0.5)
  ink[top : top + size, left : left + size] = np.clip(enlarged, 0, 1)
  return ink


def plain(ink: np.ndarray) -> np.ndarray:
  """Paints ink [S, S] white on black, uint8 [S, S, 3]."""
  return painted(ink, np.zeros(3), np.ones(3))


def outlined(ink: np.ndarray) -> np.ndarray:
  """Paints the outline of ink [S, S], uint8 [S, S, 3]."""
  return painted(around(ink, np.maximum) - around(ink, np.minimum), GROUND, CREAM)


def around(ink: np.ndarray, choose: np.ufunc) -> np.ndarray:
  """Returns for each pixel the chosen one of the nine around it; black is outside."""
  wide = np.pad(ink, 1)
  rows = choose(choose(wide[:-2], wide[1:-1]), wide[2:])
  return choose(choose(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])


def painted(ink: np.ndarray, ground: np.ndarray, colour: np.ndarray) -> np.ndarray:
  """Mixes two colours [3] by shares of ink [S, S]."""
  pixels = ground + ink[..., None] * (colour - ground)
  return np.rint(255 * pixels).astype(np.uint8)
