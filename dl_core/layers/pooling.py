"""Pooling that linen lacks: adaptive pooling, and max-pooling as in Caffe."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.types import Array


def bins(given: int, wanted: int) -> np.ndarray:
  """Returns weights [wanted, given] of means over `wanted` bins of a side.

  Bin i reaches from floor(i · given / wanted) to ceil((i + 1) · given / wanted), as in
  PyTorch's adaptive pooling; bins overlap where the side is no multiple, and are
  repeated where it is shorter.
  """
  weights = np.zeros((wanted, given), np.float32)
  for i in range(wanted):
    start, end = i * given // wanted, -(-(i + 1) * given // wanted)
    weights[i, start:end] = 1 / (end - start)
  return weights


def adaptive_mean(x: Array, size: int) -> Array:
  """Averages maps [B, H, W, C] over bins: [B, size, size, C]."""
  if x.shape[1:3] == (size, size):
    return x
  rows, columns = (bins(side, size) for side in x.shape[1:3])
  return combined(x, rows, columns)


@jax.named_scope('combined')
def combined(x: Array, rows: np.ndarray, columns: np.ndarray) -> Array:
  """Sums maps [B, H, W, C] with fixed weights [H', H] and [W', W]: [B, H', W', C].

  Computed in the precision of the maps, which for scores is float32 in every model.
  """
  own = functools.partial(jnp.asarray, dtype=x.dtype)
  return jnp.einsum('ih,bhwc,jw->bijc', own(rows), x, own(columns))


def adaptive_max(x: Array, size: int) -> Array:
  """Takes the maxima of maps [B, H, W, C] over bins: [B, size, size, C]; see `bins`."""
  for axis in (1, 2):
    side = x.shape[axis]
    ends = [(i * side // size, -(-(i + 1) * side // size)) for i in range(size)]
    parts = [
      jnp.max(jax.lax.slice_in_dim(x, *each, axis=axis), axis, keepdims=True)
      for each in ends
    ]
    x = jnp.concatenate(parts, axis)
  return x


def halved(x: Array, size: int) -> Array:
  """Max-pools at stride 2; windows begin inside the map and may reach beyond it."""
  pads = []
  for side in x.shape[1:3]:
    count = -(-(side - size) // 2) + 1
    pads.append((0, max(0, (count - 1) * 2 + size - side)))
  return nn.max_pool(x, (size, size), (2, 2), pads)


def with_places(x: Array) -> tuple[Array, Array]:
  """Max-pools 2 x 2 windows and keeps where in its window each maximum was.

  Of equal values the first in row order is the maximum, as in PyTorch and Caffe.

  Args:
    x: [B, H, W, C], H and W even.

  Returns:
    The maxima [B, H/2, W/2, C] and their places, int32 of that shape: 0 and 1 in the
    upper row of a window, 2 and 3 in the lower one.

  Raises:
    ValueError: a side is odd.
  """
  batch, height, width, channels = x.shape
  if height % 2 or width % 2:
    raise ValueError(
      f'{height} x {width} places have no 2 x 2 windows; give even sides'
    )
  windows = x.reshape(batch, height // 2, 2, width // 2, 2, channels)
  quarters = [windows[:, :, a, :, b] for a in (0, 1) for b in (0, 1)]
  best, places = quarters[0], jnp.zeros(quarters[0].shape, jnp.int32)
  for number, quarter in enumerate(quarters[1:], start=1):
    higher = quarter > best
    best = jnp.where(higher, quarter, best)
    places = jnp.where(higher, number, places)
  return best, places


def unpooled(x: Array, places: Array) -> Array:
  """Puts values where `with_places` found maxima, and zeros elsewhere.

  Args:
    x: [B, H, W, C].
    places: of that shape.

  Returns:
    [B, 2H, 2W, C].
  """
  batch, height, width, channels = x.shape
  quarters = [jnp.where(places == number, x, 0) for number in range(4)]
  windows = jnp.stack(quarters, axis=3).reshape(batch, height, width, 2, 2, channels)
  windows = windows.swapaxes(2, 3)
  return windows.reshape(batch, 2 * height, 2 * width, channels)
