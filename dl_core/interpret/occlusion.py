"""Occlusion: by how much the score of a class falls when a square hides the image.

Zeiler & Fergus 2014, https://arxiv.org/abs/1311.2901, section 4.2. It needs only
forward passes, one for each position of the square, so it applies to any classifier.

Shapes: B images, H x W pixels, C channels.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Array

Score = Callable[[Array], Array]  # images [B, H, W, C] -> [B], of the class of each


def maps(score: Score, x: Array, size: int, stride: int, fill: float = 0.0) -> Array:
  """Returns by how much the score falls when a pixel is hidden, [B, H, W].

  Windows overlap where the stride is less than the size; a pixel has the mean over all
  windows that hide it. The last window of a row or column ends at the edge.

  Args:
    score: of the class of each image, its probability for example.
    x: images [B, H, W, C].
    size, stride: side of the square, and pixels from one square to the next.
    fill: value of the hidden pixels; 0 is the mean colour of normalised images.
  """
  height, width = x.shape[1:3]
  whole = score(x)

  @jax.jit
  def fallen(x: Array, whole: Array, top: Array, left: Array) -> Array:
    rows = hidden(height, top, size)[:, None]
    columns = hidden(width, left, size)[None]
    return whole - score(jnp.where((rows & columns)[None, ..., None], fill, x))

  total, count = np.zeros(x.shape[:3]), np.zeros((height, width))
  for top in starts(height, size, stride):
    for left in starts(width, size, stride):
      square = slice(top, top + size), slice(left, left + size)
      found = fallen(x, whole, jnp.int32(top), jnp.int32(left))
      total[:, *square] += np.asarray(found, np.float64)[:, None, None]
      count[square] += 1
  return jnp.asarray(total / count[None], jnp.float32)


def hidden(side: int, start: Array, size: int) -> Array:
  """Returns whether each of `side` places is among the `size` from a start on."""
  places = jnp.arange(side)
  return (places >= start) & (places < start + size)


def starts(side: int, size: int, stride: int) -> list[int]:
  """Returns where windows begin; the last one ends at the edge.

  Raises:
    ValueError: the windows leave gaps or are larger than the image.
  """
  if not 1 <= stride <= size <= side:
    raise ValueError(f'1 <= {stride=} <= {size=} <= {side=} is wanted')
  return sorted({*range(0, side - size + 1, stride), side - size})
