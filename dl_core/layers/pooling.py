"""Pooling that linen lacks: adaptive mean pooling, and max-pooling as in Caffe."""

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
  rows, columns = (jnp.asarray(bins(side, size), x.dtype) for side in x.shape[1:3])
  return jnp.einsum('ih,bhwc,jw->bijc', rows, x, columns)


def halved(x: Array, size: int) -> Array:
  """Max-pools at stride 2; windows begin inside the map and may reach beyond it."""
  pads = []
  for side in x.shape[1:3]:
    count = -(-(side - size) // 2) + 1
    pads.append((0, max(0, (count - 1) * 2 + size - side)))
  return nn.max_pool(x, (size, size), (2, 2), pads)
