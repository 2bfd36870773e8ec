"""Elastic distortions of images, on the device.

Shapes: B images, H x W pixels, C channels.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data.augment import on_x
from dl_core.types import Array, Batch, Key


def warp(deviation: float, spacing: int = 8) -> Callable[[Key, Array], Array]:
  """Distorts images smoothly, so that each part of an image moves in its own way.

  An elastic distortion (Simard et al. 2003, https://doi.org/10.1109/ICDAR.2003.1227801):
  the points of a coarse grid are displaced at random, the pixels between them by linear
  interpolation, and images are sampled bilinearly.

  Args:
    deviation: standard deviation of the displacement of a grid point, in pixels.
    spacing: distance of the grid points, about, in pixels.

  Returns:
    (key, images [B, H, W, C]) -> images.
  """

  def between(side):
    count = max(2, side // spacing + 1)
    place = np.linspace(0, count - 1, side)[:, None]
    near = np.maximum(0, 1 - np.abs(place - np.arange(count)))
    return jnp.asarray(near, jnp.float32)  # [side, grid points]

  def warped(key: Key, images: Array) -> Array:
    moves = field(key, deviation, images.shape, between)
    return sampled(images, *moved(moves)).astype(images.dtype)

  return warped


def elastic(deviation: float, points: int = 3) -> Callable[[Key, Batch], Batch]:
  """Deforms images, label maps and weights alike, as U-Net's training does.

  Ronneberger et al. 2015 (https://arxiv.org/abs/1505.04597), section 3.1: the points of
  a coarse grid are displaced by N(0, deviation²), the pixels between them by bicubic
  interpolation. Images are sampled bilinearly, maps and weights at the nearest pixel.

  Args:
    deviation: in pixels; 10 in the paper.
    points: of the grid, on a side; 3 in the paper.
  """

  def changed(key: Key, batch: Batch) -> Batch:
    moves = field(key, deviation, batch.x.shape, lambda side: cubic(side, points))
    rows, columns = moved(moves)
    row, column = (jnp.round(place).astype(jnp.int32) for place in (rows, columns))
    example = jnp.arange(len(row))[:, None, None]
    return Batch(
      sampled(batch.x, rows, columns).astype(batch.x.dtype),
      batch.y[example, row, column],
      batch.weight[example, row, column],
    )

  return changed


def cubic(side: int, count: int) -> Array:
  """Returns weights [side, count] of cubic convolution between points of a line.

  The kernel of Keys 1981 (https://doi.org/10.1109/TASSP.1981.1163711) with a = -1/2;
  beyond the ends, the end points are repeated.
  """
  place = np.linspace(0, count - 1, side)
  first = np.minimum(np.floor(place).astype(int), count - 2)
  weights = np.zeros((side, count), np.float32)
  for tap in range(-1, 3):
    t = np.abs(place - first - tap)
    near, far = 1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    value = np.where(t <= 1, near, np.where(t < 2, far, 0))
    np.add.at(weights, (np.arange(side), np.clip(first + tap, 0, count - 1)), value)
  return jnp.asarray(weights)


def field(
  key: Key, deviation: float, shape: tuple[int, ...], between: Callable[[int], Array]
) -> Array:
  """Draws how far each pixel of images of a shape is moved: [2, B, H, W]."""
  batch, height, width, _ = shape
  down, right = between(height), between(width)
  drawn = (2, batch, down.shape[1], right.shape[1])
  moves = deviation * jax.random.normal(key, drawn)
  return jnp.einsum('hi,dbij,wj->dbhw', down, moves, right)


def moved(moves: Array) -> tuple[Array, Array]:
  """Returns the rows and columns [B, H, W] that pixels come from, in the image."""
  height, width = moves.shape[2:]
  rows = jnp.clip(jnp.arange(height)[None, :, None] + moves[0], 0, height - 1)
  return rows, jnp.clip(jnp.arange(width)[None, None] + moves[1], 0, width - 1)


def sampled(images: Array, rows: Array, columns: Array) -> Array:
  """Samples images [B, H, W, C] bilinearly at rows and columns [B, H, W]."""
  batch, _, width, channels = images.shape
  row, column = (jnp.floor(place).astype(jnp.int32) for place in (rows, columns))
  below, beside = (rows - row)[..., None], (columns - column)[..., None]
  pixels = jnp.pad(images, ((0, 0), (0, 1), (0, 1), (0, 0)), mode='edge')
  pixels = pixels.reshape(batch, -1, channels)
  first = (row * (width + 1) + column).reshape(batch, -1, 1)

  def at(offset):
    found = jnp.take_along_axis(pixels, first + offset, 1, mode='promise_in_bounds')
    return found.reshape(images.shape)

  above = (1 - beside) * at(0) + beside * at(1)
  under = (1 - beside) * at(width + 1) + beside * at(width + 2)
  return (1 - below) * above + below * under


def warped(deviation: float) -> Callable[[Key, Batch], Batch]:
  """Makes the augmentation that warps x['image']; see `warp`.

  Args:
    deviation: see `warp`; 0: images stay as they are.
  """
  if not deviation:
    return lambda key, batch: batch
  change = warp(deviation)
  return on_x(lambda key, x: x | {'image': change(key, x['image'])})
