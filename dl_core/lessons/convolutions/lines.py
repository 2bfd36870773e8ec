"""Hand-made filters that detect lines.

The answer of a filter at a place is the sum of products of its weights with the pixels
there. That is a cross-correlation: a convolution in mathematics rotates the filter by
180° first, which makes no difference if it is learnt and which no deep learning
framework does.

Shapes: N images, H × W pixels, h × w the sides of a filter, F filters.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.layers import convolution
from dl_core.report import claims, draw
from dl_core.types import Array, Claim, Picture

DIRECTIONS = ('vertical', 'horizontal', 'diagonal', 'rising')
SIDE = 5  # of a filter
ROOM, LENGTH = 14, 9  # side of the field around a line, length of the line
NOISE = 0.2  # standard deviation of the noise on pixels of 0 and 1
FARTHEST = 5  # pixels of the largest shift of an image
CLOSE = 1e-5  # rounding of a sum in float32


def drawn(side: int) -> np.ndarray:
  """Returns one line of 1s for each direction, [4, side, side]."""
  diagonal, upright = np.eye(side), np.zeros((side, side))
  upright[:, side // 2] = 1
  return np.stack([upright, upright.T, diagonal, diagonal[::-1]])


def detectors() -> np.ndarray:
  """Returns the filters [h, w, 1, 4]: they sum to 1 on the line and to -1 beside it.

  Their answer to a constant is 0.
  """
  line = drawn(SIDE)
  beside = (1 - line) / (SIDE * SIDE - SIDE)
  return np.moveaxis(line / SIDE - beside, 0, -1)[:, :, None].astype(np.float32)


def sample(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
  """Draws images with one line of each direction, each in its own quarter.

  Returns:
    Images [N, H, W], and for each pixel the number of the direction of its line, or -1.
  """
  lines = drawn(LENGTH)
  side = 2 * ROOM
  where = np.full((count, side, side), -1)
  for on in where:
    for place, number in enumerate(random.permutation(len(DIRECTIONS))):
      row, column = np.array(divmod(place, 2)) * ROOM + random.integers(
        1, ROOM - LENGTH, 2
      )
      field = on[row : row + LENGTH, column : column + LENGTH]
      field[lines[number] > 0] = number
  noise = NOISE * random.standard_normal(where.shape)
  return ((where >= 0) + noise).astype(np.float32), where


def correlated(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
  """Returns the map [H - h + 1, W - w + 1] of a filter [h, w] by a double loop."""
  height, width = kernel.shape
  rows, columns = image.shape[0] - height + 1, image.shape[1] - width + 1
  answers = np.zeros((rows, columns))
  for row in range(rows):
    for column in range(columns):
      patch = image[row : row + height, column : column + width]
      answers[row, column] = np.sum(patch * kernel)
  return answers


@jax.jit
def maps(images: Array, kernels: Array) -> Array:
  """Returns the maps [N, H', W', F] of images [N, H, W]; kernels are [h, w, 1, F]."""
  bias = jnp.zeros(kernels.shape[-1])
  return convolution.convolve(images[..., None], kernels, bias, padding='VALID')


class Found(NamedTuple):
  """Measurements of the filters.

  Attributes:
    image: the first image [H, W].
    answers: its maps [H', W', 4].
    own: the highest answer of each filter on the line of its direction [N, 4].
    other: the highest answer of each filter elsewhere [N, 4].
    moved: the largest difference between the map of a shifted image and the shifted
      map, away from the border.
    looped: the largest difference between the layer and a double loop.
    turned: the same with filters rotated by 180°.
  """

  image: np.ndarray
  answers: np.ndarray
  own: np.ndarray
  other: np.ndarray
  moved: float
  looped: float
  turned: float


def measure(random: np.random.Generator, count: int) -> Found:
  """Measures the filters on `count` random images."""
  images, where = sample(random, count)
  answers = np.asarray(maps(images, detectors()))
  edge = SIDE // 2
  below = where[:, edge:-edge, edge:-edge, None] == np.arange(len(DIRECTIONS))
  own = np.where(below, answers, -np.inf).max(axis=(1, 2))
  other = np.where(below, -np.inf, answers).max(axis=(1, 2))

  apart = []
  for down, right in random.integers(-FARTHEST, FARTHEST + 1, (8, 2)):
    there = maps(np.roll(images, (down, right), axis=(1, 2)), detectors())
    back = np.roll(np.asarray(there), (-down, -right), axis=(1, 2))
    inside = slice(FARTHEST, -FARTHEST)
    apart.append(np.abs(back - answers)[:, inside, inside].max())

  drawn_anew = random.standard_normal((SIDE, SIDE, 1, 4)).astype(np.float32)
  layer = np.asarray(maps(images[:1], drawn_anew))[0]

  def off(kernels):
    each = [correlated(images[0], kernels[:, :, 0, n]) for n in range(4)]
    return float(np.abs(np.stack(each, axis=-1) - layer).max())

  turned = drawn_anew[::-1, ::-1]
  return Found(
    images[0], answers[0], own, other, max(apart), off(drawn_anew), off(turned)
  )


def picture(found: Found) -> Picture:
  """Draws an image, the four filters and their maps."""
  count = len(found.own)
  checked = (
    Claim(
      'The highest answer of each filter is on the line of its direction, in every '
      'image',
      np.all(found.own > found.other),
      f'{found.own.mean():.2f} there, at most {found.other.mean():.2f} elsewhere, '
      f'means over {count:,} images',
    ),
    claims.identity(
      f'Shifting the image by up to {FARTHEST} pixels shifts the map and, away from '
      'the border, changes nothing else',
      found.moved,
      0,
      CLOSE,
    ),
    Claim(
      'The layer is a cross-correlation: a double loop of sums of products without '
      'rotating the filter',
      found.looped <= CLOSE < found.turned,
      f'{found.looped:.1g} apart; with rotated filters {found.turned:.1f} apart',
    ),
  )

  def show():
    figure, above, below = filters_above_maps(['', *DIRECTIONS])
    draw.image(below[0], found.image)
    below[0].set_title('image', fontsize=10)
    for n in range(len(DIRECTIONS)):
      answers = found.answers[..., n]
      draw.signed(above[n + 1], detectors()[:, :, 0, n])
      draw.signed(below[n + 1], answers, 1)
      row, column = np.unravel_index(answers.argmax(), answers.shape)
      ring = {'ms': 13, 'mfc': 'none', 'mec': draw.GREEN, 'mew': 2}
      below[n + 1].plot(column, row, 'o', **ring)
    return figure

  return Picture(
    'Four filters that look for lines',
    f'Hand-made filters of {SIDE} × {SIDE} pixels and their activation maps, the '
    'answers at every place. Red is positive, blue negative, white 0; the ring marks '
    'the highest answer of a filter.',
    show,
    checked,
  )


def filters_above_maps(names: Sequence[str]) -> tuple[Any, list[Any], list[Any]]:
  """Makes a figure with five filters above five maps; no filter without a name."""
  ratios = {'height_ratios': (1, 2.1)}
  figure, panels = draw.panels(8.6, 2.9, 10, 5, names, gridspec_kw=ratios)
  above, below = panels[:5], panels[5:]
  for axes, name in zip(above, names, strict=True):
    if not name:
      axes.axis('off')
  return figure, above, below
