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
    batch, height, width, channels = images.shape
    down, right = between(height), between(width)
    shape = (2, batch, down.shape[1], right.shape[1])
    moves = deviation * jax.random.normal(key, shape)
    moves = jnp.einsum('hi,dbij,wj->dbhw', down, moves, right)
    rows = jnp.clip(jnp.arange(height)[None, :, None] + moves[0], 0, height - 1)
    columns = jnp.clip(jnp.arange(width)[None, None] + moves[1], 0, width - 1)
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
    return ((1 - below) * above + below * under).astype(images.dtype)

  return warped


def warped(deviation: float) -> Callable[[Key, Batch], Batch]:
  """Returns the change of a batch that warps x['image']; see `warp`.

  Args:
    deviation: see `warp`; 0: images stay as they are.
  """
  if not deviation:
    return lambda key, batch: batch
  change = warp(deviation)
  return on_x(lambda key, x: x | {'image': change(key, x['image'])})
