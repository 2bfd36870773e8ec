"""Scenes of one to three handwritten digits, and their captions.

A scene is a function of (seed, split, number). Each split is composed of its own
digits of scikit-learn's set: other digits are tested than are trained on. One digit
stands anywhere. Otherwise there are two groups, of two digits at most, and one group is
left of the other or above it; the two digits of a group stand across that direction.
Digits are at least `GAP` pixels apart, and the single digit beside a pair is clear of
neither of the two in the other direction, so that one caption is true of a scene:

  a three · an eight left of a seven · a two above a nine and a one

A group names its digits from left to right, or from top to bottom.

Shapes: n digits or scenes, S = `SIDE` pixels, D = `DIGIT` pixels.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dl_core.data import folder, pillow
from dl_core.data.folder import Images

SIDE, DIGIT, GAP = 32, 8, 2
WORDS = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine')
COUNTS = {'train': 20_000, 'validation': 1_000, 'test': 1_000}
SLANT = 4  # pixels: the most by which two digits miss a common line
RAGGED = 2  # pixels: the most by which the digits of one group do
VERSION = 1  # of what is drawn; raised whenever that changes


class Arrangement(NamedTuple):
  """Where the digits of a scene stand, apart from chance.

  Attributes:
    sizes: number of digits in each group: (1,), (1, 1), (1, 2) or (2, 1).
    beside: whether the first group is left of the second, not above it.
  """

  sizes: tuple[int, ...]
  beside: bool = True


ARRANGEMENTS = {
  1: (Arrangement((1,)),),
  2: (Arrangement((1, 1)), Arrangement((1, 1), False)),
  3: tuple(
    Arrangement(sizes, beside) for sizes in ((1, 2), (2, 1)) for beside in (True, False)
  ),
}


class Ink(NamedTuple):
  """The digits that scenes are composed of.

  Attributes:
    images: uint8 [n, D, D].
    of: for each digit 0-9, the places of its images in `images`.
  """

  images: np.ndarray
  of: Sequence[np.ndarray]


class Scene(NamedTuple):
  """A scene and what it shows.

  Attributes:
    image: uint8 [S, S].
    digits: in the order in which the caption names them.
    arrangement: of these digits.
  """

  image: np.ndarray
  digits: tuple[int, ...]
  arrangement: Arrangement


def source(data_dir: str) -> Images:
  """Finds the digits; reads no image."""
  return folder.prepared('digits', data_dir)


def ink(digits: Images) -> Callable[[str], Ink]:
  """Makes (split) -> the digits of a split."""

  @functools.cache
  def of(split):
    x, y = digits.decoded(split, pillow.Frame((DIGIT, DIGIT, 1)))
    return Ink(x[..., 0], [np.flatnonzero(y == k) for k in range(len(WORDS))])

  return of


def generator(seed: int, split: str, number: int) -> np.random.RandomState:
  """Returns the generator of one example; its stream is the same in every NumPy."""
  return np.random.RandomState([seed, list(COUNTS).index(split), number])


def draw(random: np.random.RandomState, ink: Ink) -> Scene:
  """Draws a scene; one, two and three digits are equally likely."""
  count = random.randint(1, 4)
  digits = tuple(random.randint(0, len(WORDS), count).tolist())
  return composed(random, ink, digits, chosen(random, ARRANGEMENTS[count]))


def chosen(random: np.random.RandomState, values: Any) -> Any:
  """Returns one of the values, all equally likely."""
  return values[random.randint(len(values))]


def composed(
  random: np.random.RandomState,
  ink: Ink,
  digits: tuple[int, ...],
  arrangement: Arrangement,
) -> Scene:
  """Draws a scene of given digits in a given arrangement."""
  image = np.zeros((SIDE, SIDE), np.uint8)
  for digit, (top, left) in zip(digits, corners(random, arrangement), strict=True):
    drawn = ink.images[chosen(random, ink.of[digit])]
    image[top : top + DIGIT, left : left + DIGIT] = drawn
  return Scene(image, digits, arrangement)


def corners(random: np.random.RandomState, arrangement: Arrangement) -> np.ndarray:
  """Draws the upper left corners (row, column) of the digits, [n, 2]."""
  sizes, beside = arrangement
  last, apart = SIDE - DIGIT, DIGIT + GAP
  within = lambda low, high: random.randint(low, high + 1)
  if sizes == (1,):
    return random.randint(0, last + 1, (1, 2))
  first = within(0, last - apart - 2 * RAGGED)
  second = within(first + RAGGED + apart, last - RAGGED)
  along = np.repeat((first, second), sizes) + random.randint(0, RAGGED + 1, sum(sizes))
  if sizes == (1, 1):
    one = within(0, last)
    across = [one, within(max(0, one - SLANT), min(last, one + SLANT))]
  else:
    low = within(0, last - apart)
    high = within(low + apart, min(last, low + 2 * (apart - 1)))
    single = within(max(0, high - apart + 1), min(last, low + apart - 1))
    across = [single, low, high] if sizes[0] == 1 else [low, high, single]
  return np.stack([across, along] if beside else [along, across], axis=1)


def caption(scene: Scene) -> str:
  """Returns the caption of a scene."""
  words = [f'{article(WORDS[digit])} {WORDS[digit]}' for digit in scene.digits]
  first = scene.arrangement.sizes[0]
  groups = [' and '.join(group) for group in (words[:first], words[first:]) if group]
  return (' left of ' if scene.arrangement.beside else ' above ').join(groups)


def article(word: str) -> str:
  """Returns the article of a digit's name."""
  return 'an' if word == 'eight' else 'a'


def read(path: str) -> np.ndarray:
  """Reads an image of one's own as a scene, uint8 [S, S, 1]: white on black.

  Raises:
    UserError: it cannot be read, or is no image.
  """
  frame = pillow.Frame((SIDE, SIDE, 1))
  return pillow.framed(pillow.decoded(pillow.read(path)), frame)
