"""Filters set by hand that look for lines: each answers where it finds its own.

A filter is laid on every place of an image; its answer there is the sum of products of
its numbers with the pixels below. That is a cross-correlation: the convolution of
mathematics turns the filter by 180° first, which makes no difference to one that is
learnt, and none of the frameworks of deep learning does it.

Shapes: N images, H × W pixels, h × w the sides of a filter, F filters.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.layers import convolution
from dl_core.types import Array, Claim, Picture

DIRECTIONS = ('vertical', 'horizontal', 'diagonal', 'rising')
SIDE = 5  # of a filter
ROOM, LENGTH = 14, 9  # of the field that a line has to itself, and its own
NOISE = 0.2  # deviation of what is added to pixels of 0 and 1
FARTHEST = 5  # pixels that an image is shifted by
GREY = '#808080'  # for light and dark pages
CLOSE = 1e-5  # what float32 leaves of two ways to one sum


def drawn(side: int) -> np.ndarray:
  """Returns one line of 1s for each direction, [4, side, side]."""
  diagonal, upright = np.eye(side), np.zeros((side, side))
  upright[:, side // 2] = 1
  return np.stack([upright, upright.T, diagonal, diagonal[::-1]])


def detectors() -> np.ndarray:
  """Returns the filters [h, w, 1, 4]: 1 in all along the line, -1 in all beside it.

  Where nothing changes the sum is 0, however bright it is.
  """
  line = drawn(SIDE)
  beside = (1 - line) / (SIDE * SIDE - SIDE)
  return np.moveaxis(line / SIDE - beside, 0, -1)[:, :, None].astype(np.float32)


def draw(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
  """Draws images with one line of each direction, each in a quarter of its own.

  Returns:
    Images [N, H, W]; for each pixel the number of the direction whose line it is on,
    or -1.
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
  """Lays a filter [h, w] on every place of an image [H, W]: [H - h + 1, W - w + 1]."""
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
  """What the filters were seen to do.

  Attributes:
    image: [H, W], the first.
    answers: [H', W', 4], its maps.
    own: [N, 4] the highest answer of each filter on the line of its direction.
    other: [N, 4] its highest answer anywhere else.
    moved: the largest difference between the map of a shifted image and the shifted
      map, where neither has lost anything at the border.
    looped: how far the layer is from a double loop at most.
    turned: how far it is from one with filters turned by 180°.
  """

  image: np.ndarray
  answers: np.ndarray
  own: np.ndarray
  other: np.ndarray
  moved: float
  looped: float
  turned: float


def measure(random: np.random.Generator, count: int) -> Found:
  """Measures on so many drawn images."""
  images, where = draw(random, count)
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
  claims = (
    Claim(
      'Each filter answers most on the line of its own direction, in every image',
      bool(np.all(found.own > found.other)),
      f'{found.own.mean():.2f} there against {found.other.mean():.2f} at best '
      f'elsewhere, means over {count:,} images',
    ),
    Claim(
      'Shifting the image shifts the map and changes nothing else within the border',
      found.moved <= CLOSE,
      f'{found.moved:.1g} apart at most, by up to {FARTHEST} pixels each way',
    ),
    Claim(
      'The layer is a double loop of sums of products without turning the filter: a '
      'cross-correlation',
      found.looped <= CLOSE < found.turned,
      f'{found.looped:.1g} apart; from the loop with filters turned {found.turned:.1f}',
    ),
  )

  def show():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.6, 2.7))
    grid = filters_above_maps(figure, wspace=0.08, hspace=0.1)
    first = figure.add_subplot(grid[1, 0])
    first.imshow(found.image, cmap='gray', vmin=0, vmax=1, interpolation='none')
    first.set_title('image', fontsize=10)
    bare(first)
    kernels = detectors()[:, :, 0]
    for number, name in enumerate(DIRECTIONS):
      above, below = (figure.add_subplot(grid[row, number + 1]) for row in (0, 1))
      signed(above, kernels[..., number])
      signed(below, found.answers[..., number], 1)
      row, column = np.unravel_index(
        found.answers[..., number].argmax(), found.answers.shape[:2]
      )
      below.plot(column, row, 'o', ms=13, mfc='none', mec='#3f9c74', mew=2)
      above.set_title(name, fontsize=10)
    return figure

  return Picture(
    'Four filters that look for lines',
    f'Filters of {SIDE} × {SIDE} pixels, set by hand, and the activation map of each: '
    'its answer at every place. Red is positive, blue negative, white 0; the ring is '
    'where a filter answers most.',
    show,
    claims,
  )


def filters_above_maps(figure: Any, wspace: float, hspace: float) -> Any:
  """Returns the grid of a picture: five columns, a filter above its map."""
  return figure.add_gridspec(
    2,
    5,
    left=0,
    bottom=0,
    right=1,
    top=0.9,
    wspace=wspace,
    hspace=hspace,
    height_ratios=(1, 2.1),
  )


def signed(axes: Any, values: np.ndarray, most: float | None = None) -> None:
  """Draws an array as an image: 0 white, positive red, negative blue."""
  most = most or float(np.abs(values).max()) or 1.0
  axes.imshow(values, cmap='RdBu_r', vmin=-most, vmax=most, interpolation='none')
  bare(axes)


def bare(axes: Any) -> None:
  """Takes the ticks from an image and gives it a thin frame."""
  axes.set_xticks([])
  axes.set_yticks([])
  axes.spines[:].set(visible=True, color=GREY, linewidth=0.6)
