"""Convolution and max-pooling as one matrix product of patches (im2col).

XLA's CPU backend is slow at convolving a single channel, and at the gradient of its
max-pooling. One matrix product replaces both (Chellapilla, Puri & Simard, "High
performance convolutional neural networks for document processing", 2006): patches times
a kernel that is laid out for a block of neighbouring outputs. The kernel of a block has
zeros where an output does not read the patch, but each patch is copied only once per
block. If the block is a pooling window, the maximum is taken over the columns of the
product, and the map before pooling is never stored.

Shapes: B images, H x W places, C channels, F features, h x w the sides of the kernel; a
block of N outputs reads a patch of P inputs.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Array

Pair = tuple[int, int]


def convolve(
  x: Array, kernel: Array, bias: Array, strides: Pair, padding: Any, pool: Pair
) -> Array:
  """Computes `layers.convolution.convolve` as one matrix product.

  A block is a pooling window. It reads `reach` inputs along each side; neighbouring
  blocks begin `step` inputs apart.
  """
  *window, _, features = kernel.shape
  step = (pool[0] * strides[0], pool[1] * strides[1])
  reach = [s * (p - 1) + k for s, p, k in zip(strides, pool, window, strict=True)]
  cells = (-(-reach[0] // step[0]), -(-reach[1] // step[1]))
  lengths = []
  for side, pad, far, s, cell in zip(
    x.shape[1:3], padding, reach, step, cells, strict=True
  ):
    blocks = (side + sum(pad) - far) // s + 1
    lengths.append((blocks + cell - 1) * s)
  x = fitted(x, (padding[0][0], padding[1][0]), lengths)
  patches = gathered(x, step, cells)  # [B, H', W', P]
  whole = [s * n for s, n in zip(step, cells, strict=True)]
  block = jnp.stack(  # [N, F, h', w', C], h' x w' the sides of a patch
    [
      fitted(jnp.moveaxis(kernel, 3, 0), (i * strides[0], j * strides[1]), whole)
      for i in range(pool[0])
      for j in range(pool[1])
    ]
  )
  block = cut(block.reshape(-1, *block.shape[2:]), step, cells)  # [N·F, 1, 1, P]
  # A product of two matrices: over several axes, XLA would transpose the operands.
  size = patches.shape[3]
  y = patches.reshape(-1, size) @ block.reshape(-1, size).T
  if pool == (1, 1):
    return y.reshape(*patches.shape[:3], features) + bias[None, None, None]
  return largest(y.reshape(*patches.shape[:3], -1, features), bias)


def fitted(x: Array, before: Pair, lengths: Sequence[int]) -> Array:
  """Pads [B, H, W, C] with zeros, or crops it, to the given lengths.

  Args:
    x: [B, H, W, C].
    before: zeros before the first row and the first column.
    lengths: the sides of the result.
  """
  rows, columns = (
    (pad, length - pad - side, 0)
    for pad, length, side in zip(before, lengths, x.shape[1:3], strict=True)
  )
  return jax.lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), rows, columns, (0, 0, 0)))


def cut(x: Any, step: Pair, cells: Pair) -> Any:
  """Cuts images into the overlapping patches of all blocks, cell by cell.

  Args:
    x: [B, H, W, C], a JAX or NumPy array.
    step: the sides of a cell.
    cells: rows and columns of cells in a patch.

  Returns:
    [B, H', W', P].
  """
  batch_size, height, width, channels = x.shape
  (r, c), (rows, columns) = step, (height // step[0], width // step[1])
  x = x.reshape(batch_size, rows, r, columns, c, channels).transpose(0, 1, 3, 2, 4, 5)
  x = x.reshape(batch_size, rows, columns, -1)
  end_row, end_column = rows - cells[0] + 1, columns - cells[1] + 1
  parts = [
    x[:, i : i + end_row, j : j + end_column]
    for i in range(cells[0])
    for j in range(cells[1])
  ]
  return (np if isinstance(x, np.ndarray) else jnp).concatenate(parts, axis=-1)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def gathered(x: Array, step: Pair, cells: Pair) -> Array:
  """Cuts patches as `cut` does, by one gather, which XLA compiles to a faster loop."""
  batch_size, *image = x.shape
  index = cut(np.arange(np.prod(image), dtype=np.int32).reshape(1, *image), step, cells)
  x = x.reshape(batch_size, -1).at[:, index.ravel()].get(mode='promise_in_bounds')
  return x.reshape(batch_size, *index.shape[1:])


@gathered.defjvp
def gathered_jvp(step, cells, values, tangents):
  # The gradient of a gather is a scatter; the gradient of slices is a sum, and faster.
  (x,), (tangent,) = values, tangents
  return gathered(x, step, cells), cut(tangent, step, cells)


@jax.custom_jvp
def largest(y: Array, bias: Array) -> Array:
  """Adds a bias and returns the maximum along the last axis but one.

  Of equal outputs only the first receives the gradient. The maximum is a reduce-window,
  which XLA computes once; XLA would compute a maximum of slices, or a bias added later,
  again for every patch that reads it.

  Args:
    y: [..., N, F].
    bias: [F].

  Returns:
    [..., F].
  """
  y += bias.reshape((1,) * (y.ndim - 1) + (-1,))
  window = (1,) * (y.ndim - 2) + (y.shape[-2], 1)
  most = jax.lax.reduce_window(y, -jnp.inf, jax.lax.max, window, (1,) * y.ndim, 'VALID')
  return most[..., 0, :]


@largest.defjvp
def largest_jvp(values, tangents):
  (y, bias), (y_tangent, bias_tangent) = values, tangents
  most = largest(y, bias)
  wide = (1,) * (most.ndim - 1) + (-1,)
  # An argmax: XLA would compute a comparison with the maximum again for each output.
  first = jax.lax.argmax(y + bias.reshape(1, *wide), y.ndim - 2, jnp.int32)
  places = jax.lax.broadcasted_iota(jnp.int32, y.shape, y.ndim - 2)
  tangent = jnp.sum(jnp.where(places == first[..., None, :], y_tangent, 0), axis=-2)
  return most, tangent + bias_tangent.reshape(wide)
