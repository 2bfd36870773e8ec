"""Holes in images: what is in them is the label, and two ways to fill them unlearned.

Shapes: B or N images, H x W pixels, C channels, a hole of h x w pixels.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Batch, Key

PLACES = ('centre', 'random')


def hide(place: str, share: float = 0.25) -> Callable[[Key, Batch], Batch]:
  """Makes the change of a batch that cuts a rectangle out of every image.

  The change maps a batch of images and weights [B] to one whose x has the hole filled
  with the mean colour of the pixels around it, whose y is the whole image and whose
  weight [B, H, W, C] is 0 outside the hole.

  Args:
    place: 'centre', or 'random': anywhere, but one pixel away from the edges of the
      image, so that every hole has a rim.
    share: of the area of an image; the sides of the hole are rounded.
  """
  if place not in PLACES:
    raise ValueError(f'{place=} is none of {", ".join(PLACES)}')

  def hidden(key: Key, batch: Batch) -> Batch:
    size, (height, width) = len(batch.x), batch.x.shape[1:3]
    h, w = sides(height, width, share)
    if place == 'centre':
      top, left = (jnp.full(size, n) for n in ((height - h) // 2, (width - w) // 2))
    else:
      rows, columns = jax.random.split(key)
      top = jax.random.randint(rows, (size,), 1, height - h)
      left = jax.random.randint(columns, (size,), 1, width - w)
    row = jnp.arange(height)[None] - top[:, None]  # [B, H], from the hole's first
    column = jnp.arange(width)[None] - left[:, None]
    hole = ((row >= 0) & (row < h))[:, :, None] & ((column >= 0) & (column < w))[
      :, None
    ]
    hole = hole[..., None]  # [B, H, W, 1]
    around = jnp.sum(jnp.where(hole, 0, batch.x), (1, 2), keepdims=True)
    mean = around / (height * width - h * w)
    weight = hole * batch.weight[:, None, None, None]
    return Batch(
      jnp.where(hole, mean, batch.x),
      batch.x,
      jnp.broadcast_to(weight, batch.x.shape).astype(batch.weight.dtype),
    )

  return hidden


def sides(height: int, width: int, share: float) -> tuple[int, int]:
  """Returns height and width of a hole in an image, a pixel from its edges at least."""
  fit = lambda side: min(max(round(side * share**0.5), 1), side - 2)
  return fit(height), fit(width)


def corners(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Returns the rows and the columns [N] at which the holes begin.

  Args:
    weight: [N, H, W, C], above 0 in the hole alone.
  """
  hole = weight[..., 0] > 0
  return hole.any(axis=2).argmax(axis=1), hole.any(axis=1).argmax(axis=1)


@functools.cache
def harmonic(height: int, width: int) -> np.ndarray:
  """Returns the matrix [h · w, 2h + 2w] from the rim of a hole to what is in it.

  The rim is the row above, the row below, the column to the left and the one to the
  right. In the hole every pixel is the mean of its four neighbours: Laplace's equation,
  which interpolates without a maximum or a minimum of its own.
  """
  count = height * width
  inner = np.eye(count)
  outer = np.zeros((count, 2 * (height + width)))
  place = np.arange(count).reshape(height, width)
  for row in range(height):
    for column in range(width):
      here = place[row, column]
      for r, c, rim in (
        (row - 1, column, column),
        (row + 1, column, width + column),
        (row, column - 1, 2 * width + row),
        (row, column + 1, 2 * width + height + row),
      ):
        if 0 <= r < height and 0 <= c < width:
          inner[here, place[r, c]] = -0.25
        else:
          outer[here, rim] = 0.25
  return np.linalg.solve(inner, outer)


def interpolated(images: np.ndarray, weight: np.ndarray) -> np.ndarray:
  """Returns images with their holes filled from the rims; see `harmonic`.

  Args:
    images: [N, H, W, C]; what is in the holes is not read.
    weight: [N, H, W, C], above 0 in the hole alone, all holes of one shape, one pixel
      from the edges of the image at least.
  """
  filled = np.array(images)
  hole = weight[0, ..., 0] > 0
  height, width = hole.any(axis=1).sum(), hole.any(axis=0).sum()
  matrix = harmonic(int(height), int(width))
  for image, top, left in zip(filled, *corners(weight), strict=True):
    bottom, right = top + height, left + width
    rim = np.concatenate(
      [
        image[top - 1, left:right],
        image[bottom, left:right],
        image[top:bottom, left - 1],
        image[top:bottom, right],
      ]
    )
    image[top:bottom, left:right] = (matrix @ rim).reshape(height, width, -1)
  return filled
