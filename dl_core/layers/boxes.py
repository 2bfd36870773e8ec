"""Boxes as pure functions: overlaps, changes of boxes, anchors, suppression, sampling.

A box is float32 (left, top, right, bottom) in pixels of the frame, continuous and
half-open: its width is right - left, with no "+ 1" anywhere, so `decode` inverts
`encode` exactly. All shapes are fixed; what may be absent is marked by a mask.

Shapes: N and M boxes.
"""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Array, Key

MOST = math.log(1_000 / 16)  # largest logarithm of a growth that `decode` applies
TINY = 1e-6  # least width and height of a box whose logarithm is taken


def overlap(a: Array, b: Array) -> Array:
  """Returns intersections over unions of boxes [N, 4] and [M, 4]: [N, M].

  A box without area overlaps no other.
  """
  low = jnp.maximum(a[:, None, :2], b[None, :, :2])
  high = jnp.minimum(a[:, None, 2:], b[None, :, 2:])
  both = jnp.prod(jnp.maximum(high - low, 0), axis=-1)
  either = area(a)[:, None] + area(b)[None] - both
  return jnp.where(both > 0, both / jnp.where(both > 0, either, 1), 0)


def area(boxes: Array) -> Array:
  """Returns the areas [...] of boxes [..., 4]."""
  return jnp.prod(jnp.maximum(boxes[..., 2:] - boxes[..., :2], 0), axis=-1)


def encode(boxes: Array, to: Array, deviations: Sequence[float] = (1.0,) * 4) -> Array:
  """Returns the changes [..., 4] that turn `boxes` into the boxes `to`.

  Girshick et al. 2014 (https://arxiv.org/abs/1311.2524), appendix C: the shift of the
  centre as a share of the sides, and the logarithms of the growth of the sides, all
  divided by `deviations`.
  """
  centre, sides = middle(boxes)
  wanted, larger = middle(to)
  change = [(wanted - centre) / sides, jnp.log(larger / sides)]
  return jnp.concatenate(change, axis=-1) / ranked(deviations, boxes)


def decode(
  boxes: Array, change: Array, deviations: Sequence[float] = (1.0,) * 4
) -> Array:
  """Returns the boxes [..., 4] that changes turn `boxes` into; inverts `encode`.

  No side grows by more than `MOST`, so that none overflows.
  """
  centre, sides = middle(boxes)
  change = change * ranked(deviations, boxes)
  centre = centre + change[..., :2] * sides
  sides = sides * jnp.exp(jnp.minimum(change[..., 2:], MOST))
  return jnp.concatenate([centre - sides / 2, centre + sides / 2], axis=-1)


def middle(boxes: Array) -> tuple[Array, Array]:
  """Returns the centres [..., 2] and the sides [..., 2], at least `TINY`, of boxes."""
  low, high = boxes[..., :2], boxes[..., 2:]
  return (low + high) / 2, jnp.maximum(high - low, TINY)


def clipped(boxes: Array, extent: Array) -> Array:
  """Moves the corners of boxes [..., 4] into an image.

  Args:
    boxes: see above.
    extent: [2], height and width of the image.
  """
  most = jnp.stack([extent[1], extent[0]] * 2)
  return jnp.clip(boxes, 0, ranked(most, boxes))


def ranked(values: Sequence[float] | Array, boxes: Array) -> Array:
  """Returns four values as float32 with as many axes as boxes."""
  return jnp.asarray(values, jnp.float32).reshape((1,) * (boxes.ndim - 1) + (4,))


def anchors(
  rows: int,
  columns: int,
  stride: int,
  sizes: Sequence[float],
  ratios: Sequence[float] = (0.5, 1.0, 2.0),
  rounded: bool = False,
) -> np.ndarray:
  """Returns boxes of several sizes and ratios around every place of a map.

  Ren et al. 2015 (https://arxiv.org/abs/1506.01497), section 3.1.1.

  Args:
    rows, columns: of the map.
    stride: pixels from one place to the next.
    sizes: square roots of the areas, in pixels.
    ratios: heights divided by widths.
    rounded: whether to reproduce py-faster-rcnn, which rounds the sides of a window of
      `stride` pixels before it scales them to the sizes.

  Returns:
    float32 [rows x columns x A, 4], A = ratios x sizes, a ratio's sizes in a row.
  """
  shapes = []
  for ratio in ratios:
    width = stride / math.sqrt(ratio)
    if rounded:
      width = round(width)
    height = round(width * ratio) if rounded else width * ratio
    shapes += [(width * size / stride, height * size / stride) for size in sizes]
  sides = np.array(shapes)
  across, down = np.meshgrid(np.arange(columns), np.arange(rows))
  centres = (np.stack([across, down], axis=-1) + 0.5) * stride  # [rows, columns, 2]
  centres = centres[:, :, None]
  corners = [centres - sides / 2, centres + sides / 2]
  return np.concatenate(corners, axis=-1).reshape(-1, 4).astype(np.float32)


def suppressed(boxes: Array, real: Array, most: float) -> Array:
  """Returns which boxes [N] greedy non-maximum suppression keeps.

  The number of rounds is N, whatever the boxes are: a loop whose end depends on values
  that a mesh has split deadlocks XLA's collectives, and a fixed one is a scan.

  Args:
    boxes: [N, 4], the best one first.
    real: [N], False where there is no box; such a box is never kept.
    most: overlap above which the worse of two boxes is dropped.
  """
  count = len(boxes)
  places = jnp.arange(count)
  close = (overlap(boxes, boxes) > most) & (places[:, None] < places[None])  # [N, N]

  def round_of(number, kept):
    return kept & ~(close[number] & kept[number])

  return jax.lax.fori_loop(0, count, round_of, real)


def first(mask: Array, count: int) -> tuple[Array, Array]:
  """Returns the places [count] of the first true values of a mask [N], and which exist.

  Where there are fewer, the others are places of false values, and False. `count` may
  be larger than N.
  """
  order = jnp.argsort(~mask, stable=True)[:count]
  order = jnp.pad(order, (0, count - len(order)))
  there = jnp.arange(count) < jnp.sum(mask)
  return order, there


def sampled(key: Key, candidates: Array, count: Array | int) -> Array:
  """Returns a mask [N] of `count` candidates drawn uniformly, or of all if fewer.

  Args:
    key: what the draw comes from.
    candidates: bool [N].
    count: how many; it may be traced.
  """
  noise = jax.random.uniform(key, candidates.shape)
  order = jnp.argsort(jnp.where(candidates, noise, 2.0))
  rank = jnp.zeros(len(order), jnp.int32).at[order].set(jnp.arange(len(order)))
  return candidates & (rank < count)
