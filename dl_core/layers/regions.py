"""Regions of feature maps, brought to one size: RoI pooling, warped crops.

Girshick 2015 (https://arxiv.org/abs/1504.08083), section 2.1. Cells and bins are
Caffe's (rbgirshick/caffe-fast-rcnn, roi_pooling_layer.cpp), to the last rounding.

Shapes: H x W places, C channels, R regions, P bins a side.
"""

import functools

import jax
import jax.numpy as jnp

from dl_core.types import Array


def pooled(maps: Array, boxes: Array, stride: int, size: int) -> Array:
  """Max-pools each region of a map into P x P bins.

  A bin is covered by four windows whose sides are powers of two, and the maxima of all
  such windows are in a table, so that a bin costs four look-ups whatever its size. Of
  equal maxima the first in row order has the gradient, as in Caffe: the table also has
  the place of each maximum, and the gradient is one scatter.

  Args:
    maps: [H, W, C] of one image.
    boxes: [R, 4] in pixels, see `boxes`; no gradient flows into them.
    stride: pixels from one place of the map to the next.
    size: P.

  Returns:
    [R, P, P, C]; 0 in empty bins, which lie outside of the map.
  """
  height, width, _ = maps.shape
  boxes = jax.lax.stop_gradient(boxes)
  rows = _bins(boxes[:, 1], boxes[:, 3], stride, size, height)  # each [R, P]
  columns = _bins(boxes[:, 0], boxes[:, 2], stride, size, width)
  # The most places of a bin, and the powers of two up to it.
  levels = tuple((-(-(side + 1) // size) + 1).bit_length() for side in (height, width))
  row, row_level = _halves(*rows, height)  # [R, P, 2], [R, P]
  column, column_level = _halves(*columns, width)
  table = row_level[:, :, None] * levels[1] + column_level[:, None]  # [R, P, P]
  place = row[:, :, None, :, None] * width + column[:, None, :, None]
  index = table[..., None] * (height * width) + place.reshape(*table.shape, 4)
  full = (rows[1] > rows[0])[:, :, None] & (columns[1] > columns[0])[:, None]
  return _maxima(levels, maps, index, full)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _maxima(levels: tuple[int, int], maps: Array, index: Array, full: Array) -> Array:
  """Returns the maxima [R, P, P, C] of bins.

  Args:
    levels: of the table, down and across.
    maps: [H, W, C].
    index: [R, P, P, 4], of the windows in the flattened table.
    full: [R, P, P], False for empty bins, which are 0.
  """
  return _found(levels, maps, index, full)[0]


def _forward(levels, maps, index, full):
  best, place = _found(levels, maps, index, full)
  return best, (maps, place)


def _backward(levels, kept, gradient):
  del levels
  maps, place = kept
  cells = maps.reshape(-1, maps.shape[-1])
  channel = jnp.arange(cells.shape[1])[None, None, None]
  moved = jnp.zeros_like(cells).at[place, channel].add(gradient, mode='drop')
  return moved.reshape(maps.shape), None, None


_maxima.defvjp(_forward, _backward)


def _found(
  levels: tuple[int, int], maps: Array, index: Array, full: Array
) -> tuple[Array, Array]:
  """Returns the maxima [R, P, P, C] of bins, and their places in the flattened map.

  The value does not depend on the place, so that XLA leaves the places out where no
  gradient is wanted. The place of an empty bin lies beyond the map.
  """
  height, width, channels = maps.shape
  count = height * width
  place = jnp.arange(count, dtype=jnp.int32).reshape(height, width, 1)
  pair = maps, jnp.broadcast_to(place, maps.shape)
  tables = [
    window
    for row in _doubled(pair, levels[0], 0, count)
    for window in _doubled(row, levels[1], 1, count)
  ]
  values, places = (
    jnp.stack(each).reshape(-1, channels) for each in zip(*tables, strict=True)
  )
  four = [(values[index[..., n]], places[index[..., n]]) for n in range(4)]
  value, where = functools.reduce(_better, four)
  full = full[..., None]
  return jnp.where(full, value, 0), jnp.where(full, where, count)


def _better(one: tuple[Array, Array], other: tuple[Array, Array]) -> tuple:
  """Returns the larger of two values and its place; of equal ones the first place."""
  (a, here), (b, there) = one, other
  ahead = (b > a) | ((b == a) & (there < here))
  return jnp.maximum(a, b), jnp.where(ahead, there, here)


def _doubled(pair: tuple, levels: int, axis: int, beyond: int) -> list[tuple]:
  """Returns the maxima of windows of 1, 2, 4 ... places along an axis, from each on."""
  found = [pair]
  for level in range(levels - 1):
    step = min(2**level, pair[0].shape[axis])
    fill = jnp.full_like(pair[0], -jnp.inf), jnp.full_like(pair[1], beyond)
    moved = [
      jnp.concatenate(
        [
          jax.lax.slice_in_dim(each, step, None, axis=axis),
          jax.lax.slice_in_dim(empty, 0, step, axis=axis),
        ],
        axis,
      )
      for each, empty in zip(found[-1], fill, strict=True)
    ]
    found.append(_better(found[-1], (moved[0], moved[1])))
  return found


def _halves(begin: Array, after: Array, side: int) -> tuple[Array, Array]:
  """Returns the two windows [R, P, 2] that cover bins [R, P], and their level [R, P].

  Windows of a level have 2^level places; the two overlap in a bin of fewer than twice
  as many.
  """
  count = jnp.maximum(after - begin, 1)
  level = 31 - jax.lax.clz(count)
  both = jnp.stack([begin, after - (1 << level)], axis=-1)
  return jnp.clip(both, 0, side - 1), level


def warped(image: Array, boxes: Array, size: int, context: int = 0) -> Array:
  """Cuts regions out of an image and scales each to a square, whatever its ratio.

  Girshick et al. 2014 (https://arxiv.org/abs/1311.2524), appendix A: bilinear without
  antialiasing, with some context around the region; what lies outside of the image is
  0, the mean of normalised pixels.

  Args:
    image: [H, W, C].
    boxes: [R, 4] in pixels.
    size: sides of a crop.
    context: pixels of a crop on each side that lie around the region; 16 of 227 in the
      paper.

  Returns:
    [R, size, size, C].
  """
  rows, row_in = _samples(boxes[:, 1], boxes[:, 3], size, context, image.shape[0])
  columns, column_in = _samples(boxes[:, 0], boxes[:, 2], size, context, image.shape[1])
  total = jnp.zeros((len(boxes), size, size, image.shape[2]), image.dtype)
  for row, row_share in rows:
    for column, column_share in columns:
      share = row_share[:, :, None] * column_share[:, None]  # [R, size, size]
      total += image[row[:, :, None], column[:, None]] * share[..., None]
  inside = row_in[:, :, None] & column_in[:, None]
  return jnp.where(inside[..., None], total, 0)


def _samples(
  low: Array, high: Array, size: int, context: int, side: int
) -> tuple[list[tuple[Array, Array]], Array]:
  """Returns where the samples of an axis are taken.

  Returns:
    Two pairs of the pixels and their shares, each [R, size], that a sample mixes; and
    which samples [R, size] lie inside of the image.
  """
  step = ((high - low) / (size - 2 * context))[:, None]
  place = low[:, None] + (jnp.arange(size)[None] + 0.5 - context) * step - 0.5
  first = jnp.floor(place)
  share = place - first
  pixel = lambda value: jnp.clip(value.astype(jnp.int32), 0, side - 1)
  inside = (place >= -0.5) & (place <= side - 0.5)
  return [(pixel(first), 1 - share), (pixel(first + 1), share)], inside


def _bins(
  low: Array, high: Array, stride: int, size: int, side: int
) -> tuple[Array, Array]:
  """Returns where the bins [R, P] of a side begin and end on a map, the end excluded.

  Cells are rounded half up; box and bins are Caffe's, whose boxes include their last
  pixel. All but the first rounding is done in integers: in float32 the last bin of 57
  cells would leak one further.
  """
  cell = lambda value: jnp.floor(value / stride + 0.5).astype(jnp.int32)
  start, end = cell(low), cell(high - 1)
  count = jnp.maximum(end - start + 1, 1)[:, None]
  number = jnp.arange(size)[None]
  begin = start[:, None] + number * count // size
  after = start[:, None] - (-(number + 1) * count // size)
  return jnp.clip(begin, 0, side), jnp.clip(after, 0, side)
