"""Applies a segmentation network to an image tile by tile, or turned in all ways.

Each function makes a `supervised.See`: (x -> logits, images) -> logits.

Shapes: B images, H x W pixels of the output, m more of the input in height and in
width, K classes.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.tasks.supervised import See


def tiled(size: int, margin: int, stride: int = 0) -> See:
  """Computes the logits of one tile after another: Ronneberger et al. 2015, figure 2.

  Tiles overlap in the input. Without padding their logits are exactly those of one pass
  over the whole image, in the memory of a tile. Where they overlap in the output,
  logits are averaged.

  Args:
    size: height and width of the logits of a tile.
    margin: m.
    stride: pixels from one tile to the next; 0: `size`.
  """
  stride = stride or size

  def see(say, x):
    batch, height, width, channels = x.shape
    sides = height - margin, width - margin
    if max(sides) <= size:
      return say(x)
    starts = [
      [min(start, side - size) for start in range(0, side - size + stride, stride)]
      for side in sides
    ]
    places = [(top, left) for top in starts[0] for left in starts[1]]

    def one(place):
      wanted = (batch, size + margin, size + margin, channels)
      return say(jax.lax.dynamic_slice(x, (0, *place, 0), wanted))

    parts = jax.lax.map(
      one, tuple(jnp.array(each) for each in zip(*places, strict=True))
    )
    whole = jnp.zeros((batch, *sides, parts.shape[-1]), parts.dtype)
    count = np.zeros((1, *sides, 1), np.float32)
    for (top, left), part in zip(places, parts, strict=True):
      rows, columns = slice(top, top + size), slice(left, left + size)
      whole = whole.at[:, rows, columns].add(part)
      count[:, rows, columns] += 1
    return whole / count

  return see


def sliding(size: int) -> See:
  """Averages the probabilities of overlapping windows, two thirds of a side apart.

  As published in hszhao/semseg; the outputs are logarithms of the means. A network
  whose logits depend on the whole image sees as much of it as in training.

  Args:
    size: height and width of a window; smaller images are seen as they are.
  """
  see = tiled(size, 0, -(-2 * size // 3))

  def seen(say, x):
    chances = see(lambda x: jax.nn.softmax(say(x)), x)
    return jnp.log(jnp.maximum(chances, 1e-30))

  return seen


def turned(see: See) -> See:
  """Averages the probabilities over the eight rotations and reflections of an image.

  The outputs are logarithms of the means. With H = W the output of a turned image is
  that of the image, turned.
  """

  def seen(say, x):
    total: Any = jnp.zeros(())
    for turns in range(4):
      image = jnp.rot90(x, turns, axes=(1, 2))
      for mirrored in (False, True):
        ahead = image[:, :, ::-1] if mirrored else image
        # One way after another, in the memory of one.
        ahead, total = jax.lax.optimization_barrier((ahead, total))
        chances = jax.nn.softmax(see(say, ahead))
        chances = chances[:, :, ::-1] if mirrored else chances
        total += jnp.rot90(chances, -turns, axes=(1, 2))
    return jnp.log(jnp.maximum(total / 8, 1e-30))

  return seen
