"""Draws handwritten digits on cluttered backgrounds, with their boxes and masks.

The name `scenes` already belongs to the black images that captions describe; these sets
are named after the clutter that makes them hard. The background varies smoothly in
colour. Line segments and quarters of digits are painted on it, about as bright as the
digits, so brightness alone does not locate a digit. The digits are scikit-learn's.

A scene is a function of (kind, split, number). It is drawn in NumPy from `RandomState`,
whose stream is frozen, without trigonometry or matrix products, whose last bits differ
between machines.

Shapes: S pixels of a side of a scene, n digits in it, C colours.
"""

import functools
from typing import NamedTuple

import numpy as np

SPLITS = {'train': 4_096, 'validation': 256, 'test': 512}
CONTRAST = 0.4  # least difference in luma between a digit and what it covers
DISTRACTORS = (8, 12)  # the fewest and the most
QUARTERS = 0.2  # share of the distractors that are quarters of digits
WIDTHS = (1, 2.5)  # of lines, in pixels
OVERLAP = 0.05  # of the smaller of two boxes, at most
TRIES = 50  # to find a free place, before a digit is left out
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
INK = 0.4  # of a pixel that belongs to a digit, at least
# Mean and deviation by which networks standardise the pixels, in [0, 1], of scenes. The
# mean of `clutter_one` is 0.30: what hides parts of an image, 0 to the network, is a
# grey a little above it.
NORMAL = (0.37, 0.2)
VOID = 255  # label of the pixels around a digit, which do not count


class Kind(NamedTuple):
  """The settings of a set of scenes.

  Attributes:
    side: S.
    digits: the fewest and the most digits of a scene.
    sizes: the smallest and the largest side of a digit, in pixels, with its margin.
    classes: digits from 0 on that are used.
    texture: amplitude of the noise in the colour of a digit.
  """

  side: int
  digits: tuple[int, int]
  sizes: tuple[int, int]
  classes: int = 10
  texture: float = 0.0


KINDS = {
  'one': Kind(64, (1, 1), (18, 36)),
  'many': Kind(96, (1, 5), (16, 44), texture=0.25),
  'masks': Kind(64, (1, 3), (16, 34), classes=5),
}


class Ink(NamedTuple):
  """The digits that scenes are composed of: images [m, 8, 8] in [0, 1], labels [m]."""

  images: np.ndarray
  labels: np.ndarray


class Scene(NamedTuple):
  """A scene and what is in it.

  Attributes:
    image: uint8 [S, S, 3].
    boxes: int [n, 4], left, top, right, bottom in pixels, the last two exclusive.
    labels: int [n], which digits.
    mask: uint8 [S, S]: 0 background, k + 1 the digit k, `VOID` the pixels around it.
  """

  image: np.ndarray
  boxes: np.ndarray
  labels: np.ndarray
  mask: np.ndarray


def generator(kind: str, split: str, number: int) -> np.random.RandomState:
  """Returns the generator of one scene; its stream is the same in every NumPy."""
  return np.random.RandomState([[*KINDS].index(kind), [*SPLITS].index(split), number])


def draw(random: np.random.RandomState, kind: Kind, ink: Ink) -> Scene:
  """Draws a scene of a kind."""
  image = background(random, kind.side)
  for _ in range(within(random, DISTRACTORS)):
    paint = quarter if random.uniform() < QUARTERS else line
    paint(random, image, kind, ink)
  mask = np.zeros((kind.side, kind.side), np.uint8)
  boxes: list[np.ndarray] = []
  labels = []
  usable = np.flatnonzero(ink.labels < kind.classes)
  for _ in range(within(random, kind.digits)):
    number = usable[random.randint(len(usable))]
    for _ in range(TRIES):
      alpha, top, left = placed(random, kind, ink.images[number])
      box = bounds(alpha >= INK, top, left)
      if all(overlap(box, other) <= OVERLAP for other in boxes):
        labels.append(int(ink.labels[number]))
        boxes.append(box)
        digit(random, image, alpha, top, left, kind.texture)
        mark(mask, alpha >= INK, top, left, labels[-1] + 1)
        break
  pixels = np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)
  return Scene(pixels, np.array(boxes), np.array(labels), mask)


def within(random: np.random.RandomState, bounds: tuple[int, int]) -> int:
  """Draws an integer between two bounds, both included."""
  return int(random.randint(bounds[0], bounds[1] + 1))


def background(random: np.random.RandomState, side: int) -> np.ndarray:
  """Draws colours [S, S, 3] that vary smoothly, on two scales."""
  colour = random.uniform(0.1, 0.4, 3)
  coarse = random.uniform(-0.12, 0.12, (4, 4, 3))
  fine = random.uniform(-0.05, 0.05, (12, 12, 3))
  return colour + resized(coarse, side) + resized(fine, side)


def line(
  random: np.random.RandomState, image: np.ndarray, kind: Kind, ink: Ink
) -> None:
  """Paints a piece of a line, onto an image."""
  del ink
  start = random.uniform(0, kind.side, 2)
  end = start + random.uniform(-kind.side / 3, kind.side / 3, 2)
  width = random.uniform(*WIDTHS)
  colour = random.uniform(0.2, 0.8, 3)
  low = np.maximum(np.minimum(start, end) - width, 0).astype(int)
  high = np.minimum(np.maximum(start, end) + width + 1, kind.side).astype(int)
  rows, columns = (
    np.arange(*ends) + 0.5 - first
    for ends, first in zip(zip(low, high, strict=True), start, strict=True)
  )
  down, across = end - start
  length = max(down * down + across * across, 1e-9)
  share = np.clip((rows[:, None] * down + columns[None] * across) / length, 0, 1)
  far = (rows[:, None] - share * down) ** 2 + (columns[None] - share * across) ** 2
  alpha = np.clip(width / 2 + 0.5 - np.sqrt(far), 0, 1)
  blend(image[low[0] : high[0], low[1] : high[1]], alpha, colour)


def quarter(
  random: np.random.RandomState, image: np.ndarray, kind: Kind, ink: Ink
) -> None:
  """Paints a quarter of a digit, as large as it is in a whole one."""
  half = ink.images.shape[1] // 2
  pixels = ink.images[random.randint(len(ink.images))]
  down, right = random.randint(2, size=2) * half
  alpha, top, left = placed(
    random, kind, pixels[down : down + half, right : right + half], 0.5
  )
  digit(random, image, alpha, top, left, kind.texture)


def placed(
  random: np.random.RandomState, kind: Kind, pixels: np.ndarray, scale: float = 1.0
) -> tuple[np.ndarray, int, int]:
  """Scales ink to a random size; returns it with its place: row, column."""
  size = round(within(random, kind.sizes) * scale)
  top, left = random.randint(0, kind.side - size + 1, 2)
  return resized(pixels, size), int(top), int(left)


def digit(
  random: np.random.RandomState,
  image: np.ndarray,
  alpha: np.ndarray,
  top: int,
  left: int,
  texture: float,
) -> None:
  """Paints ink [s, s] in a random colour that is brighter than what it covers."""
  size = len(alpha)
  patch = image[top : top + size, left : left + size]
  colour = random.uniform(0.2, 1, 3)
  wanted = luma(patch).mean() + CONTRAST
  colour += (1 - colour) * max(0.0, (wanted - luma(colour)) / (1 - luma(colour)))
  if texture:
    grain = random.uniform(-texture, texture, (6, 6, 1))
    colour = colour + resized(grain, size)
  blend(patch, alpha, colour)


def blend(image: np.ndarray, alpha: np.ndarray, colour: np.ndarray) -> None:
  """Mixes a colour into an image [s, s, 3] by shares alpha [s, s], in place."""
  image += alpha[..., None] * (colour - image)


def mark(mask: np.ndarray, inside: np.ndarray, top: int, left: int, label: int) -> None:
  """Writes a label where a digit is, and `VOID` on the pixels around it, in place."""
  whole = np.zeros_like(mask, bool)
  size = len(inside)
  whole[top : top + size, left : left + size] = inside
  around = np.pad(whole, 1)
  rows = around[:-2] | around[1:-1] | around[2:]
  mask[rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]] = VOID
  mask[whole] = label


def luma(colours: np.ndarray) -> np.ndarray:
  """Returns the luma [...] of colours [..., 3]."""
  red, green, blue = LUMA
  return red * colours[..., 0] + green * colours[..., 1] + blue * colours[..., 2]


def bounds(inside: np.ndarray, top: int, left: int) -> np.ndarray:
  """Returns the box [4] around the true pixels of [s, s], which lie at a place."""
  rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
  return np.array(
    [left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1]
  )


def overlap(a: np.ndarray, b: np.ndarray) -> float:
  """Returns the intersection of two boxes as a share of the smaller one."""
  sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
  smaller = min(np.prod(a[2:] - a[:2]), np.prod(b[2:] - b[:2]))
  return float(np.prod(np.maximum(sides, 0)) / smaller)


def resized(pixels: np.ndarray, side: int) -> np.ndarray:
  """Scales a square [s, s, ...] to [side, side, ...] by bilinear interpolation."""
  first, second, share = weights(len(pixels), side)
  share = share.reshape(-1, *(1,) * (pixels.ndim - 1))
  rows = pixels[first] + share * (pixels[second] - pixels[first])
  share = share.reshape(1, -1, *(1,) * (pixels.ndim - 2))
  return rows[:, first] + share * (rows[:, second] - rows[:, first])


@functools.cache
def weights(given: int, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Returns the two pixels that each new one lies between, and the second's share."""
  place = np.clip((np.arange(wanted) + 0.5) * given / wanted - 0.5, 0, given - 1)
  first = np.floor(place).astype(int)
  return first, np.minimum(first + 1, given - 1), place - first
