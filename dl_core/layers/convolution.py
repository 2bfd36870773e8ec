"""Convolutions, and max-pooling with them, as XLA computes them fastest on a CPU.

XLA's own convolutions are what GPUs and TPUs run, and CPUs in the form that `canonical`
gives them. There they are slow for a single channel, and so is the gradient of XLA's
max-pooling; one product of matrices takes their place (Chellapilla, Puri & Simard,
"High performance convolutional neural networks for document processing", 2006), of
patches with a kernel laid out for a block of neighbouring outputs. A wider patch has
zeros in that kernel, but it is copied once for the whole block. If the block is the
window of a max-pooling, the maximum is one over columns, and the map before it is never
laid out.

Which of these a program holds is settled when it is compiled for a platform: a jaxpr
has all, and `flops.count` reads the plain one. Parameters are those of `nn.Conv`.

Shapes: B images, H x W places, C channels, F features, h x w the sides of the kernel; a
block of N outputs reads a patch of P inputs.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.layers.cpu import eigen
from dl_core.types import Array

AXES = ('NHWC', 'HWIO', 'NHWC')
Pair = tuple[int, int]
Padding = str | Sequence[Pair]


class Conv(nn.Module):
  """A convolution, `nn.Conv` in two dimensions, and max-pooling of what it says.

  Parameters: `kernel` [h, w, C, F] and `bias` [F].

  Attributes:
    features: F.
    kernel_size: (h, w).
    strides: from one output to the next, in inputs.
    padding: 'SAME', 'VALID' or ((above, below), (left, right)).
    pool: the window of which only the largest output is kept, its stride as well; what
      does not fill one is dropped.
    use_bias: whether there is a bias.
    kernel_init, bias_init: what the parameters are at first.
  """

  features: int
  kernel_size: Pair
  strides: Pair = (1, 1)
  padding: Padding = 'SAME'
  pool: Pair = (1, 1)
  use_bias: bool = True
  kernel_init: Callable[..., Array] = nn.initializers.lecun_normal()
  bias_init: Callable[..., Array] = nn.initializers.zeros

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, C] to [B, H', W', F]."""
    shape = (*self.kernel_size, x.shape[-1], self.features)
    kernel = self.param('kernel', self.kernel_init, shape)
    bias = jnp.zeros(self.features, kernel.dtype)
    if self.use_bias:
      bias = self.param('bias', self.bias_init, (self.features,))
    x, kernel, bias = nn.dtypes.promote_dtype(x, kernel, bias)
    return convolve(x, kernel, bias, self.strides, self.padding, self.pool)


def convolve(
  x: Array,
  kernel: Array,
  bias: Array,
  strides: Pair = (1, 1),
  padding: Padding = 'SAME',
  pool: Pair = (1, 1),
) -> Array:
  """Convolves, and keeps the largest output of every window.

  Args:
    x: [B, H, W, C].
    kernel: [h, w, C, F].
    bias: [F].
    strides, padding, pool: see `Conv`.

  Returns:
    [B, H', W', F].
  """
  if isinstance(padding, str):
    sides, window = x.shape[1:3], kernel.shape[:2]
    padding = jax.lax.padtype_to_pads(sides, window, strides, padding)
  for side, pad, k, s, p in zip(
    x.shape[1:3], padding, kernel.shape[:2], strides, pool, strict=True
  ):
    if side + sum(pad) < k + s * (p - 1):
      raise ValueError(
        f'a side of {side} (padding {pad}) holds no window of {p} outputs of a kernel '
        f'of {k}; give larger images'
      )
  settings: dict[str, Any] = {
    'strides': strides,
    'padding': tuple(padding),
    'pool': pool,
  }
  plain: Callable[..., Array] = functools.partial(plainly, **settings)
  product = quicker(x.shape, pool)
  other: Any = functools.partial(as_a_product if product else unpooled, **settings)
  return jax.lax.platform_dependent(x, kernel, bias, cpu=other, default=plain)


def quicker(x: Any, pool: Pair) -> bool:
  """Tells from the shapes whether a product of matrices is quicker on a CPU.

  As measured on 2 cores, forwards and backwards, in times the speed of `canonical`: of
  one channel 2.1; of three 0.5 to 0.9; of more, the kernel once or twice the stride,
  0.6 to 0.95; 3 x 3 of 16 channels or more less than that. With pooling it is 1.4 to 11
  times as fast as XLA's own.
  """
  return pool != (1, 1) or x[-1] == 1


def plainly(
  x: Array, kernel: Array, bias: Array, strides: Pair, padding: Any, pool: Pair
) -> Array:
  """Is `convolve` in XLA's own terms."""
  y = jax.lax.conv_general_dilated(x, kernel, strides, padding, dimension_numbers=AXES)
  y += bias[None, None, None]
  return y if pool == (1, 1) else nn.max_pool(y, pool, pool)


def unpooled(
  x: Array, kernel: Array, bias: Array, strides: Pair, padding: Any, pool: Pair
) -> Array:
  """Is `convolve` without pooling, the convolution as `canonical` has it."""
  del pool
  return eigen.convolve(x, kernel, strides, padding) + bias[None, None, None]


def as_a_product(
  x: Array, kernel: Array, bias: Array, strides: Pair, padding: Any, pool: Pair
) -> Array:
  """Is `convolve` as one product of patches with the kernel of a block of outputs.

  A block is the window of the pooling. It reads `reach` inputs along each side, and
  lies `step` inputs from the next one.
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
  # Of two matrices: XLA transposes what is contracted over several axes.
  size = patches.shape[3]
  y = patches.reshape(-1, size) @ block.reshape(-1, size).T
  if pool == (1, 1):
    return y.reshape(*patches.shape[:3], features) + bias[None, None, None]
  return largest(y.reshape(*patches.shape[:3], -1, features), bias)


def fitted(x: Array, before: Pair, lengths: Sequence[int]) -> Array:
  """Pads [B, H, W, C] with zeros before and after, or cuts it, to these lengths."""
  rows, columns = (
    (pad, length - pad - side, 0)
    for pad, length, side in zip(before, lengths, x.shape[1:3], strict=True)
  )
  return jax.lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), rows, columns, (0, 0, 0)))


def cut(x: Any, step: Pair, cells: Pair) -> Any:
  """Cuts images into the overlapping patches of all blocks, cell by cell.

  Args:
    x: [B, H, W, C], of JAX or of NumPy.
    step: the sides of a cell.
    cells: how many of them a patch is.

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
  """Is `cut`, number by number, which XLA compiles to a quicker loop."""
  batch_size, *image = x.shape
  index = cut(np.arange(np.prod(image), dtype=np.int32).reshape(1, *image), step, cells)
  x = x.reshape(batch_size, -1).at[:, index.ravel()].get(mode='promise_in_bounds')
  return x.reshape(batch_size, *index.shape[1:])


@gathered.defjvp
def gathered_jvp(step, cells, values, tangents):
  # The gradient of a gather is a scatter, that of slices a sum.
  (x,), (tangent,) = values, tangents
  return gathered(x, step, cells), cut(tangent, step, cells)


@jax.custom_jvp
def largest(y: Array, bias: Array) -> Array:
  """Adds a bias and returns the largest along the last axis but one.

  Ties pass their gradient to the first alone. To XLA it is a window, laid
  out once; a maximum of slices, or a bias after it, would be computed again for every
  patch that reads it.

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
  # The places are reduced to, too: compared, they were found again for each output.
  first = jax.lax.argmax(y + bias.reshape(1, *wide), y.ndim - 2, jnp.int32)
  places = jax.lax.broadcasted_iota(jnp.int32, y.shape, y.ndim - 2)
  tangent = jnp.sum(jnp.where(places == first[..., None, :], y_tangent, 0), axis=-2)
  return most, tangent + bias_tangent.reshape(wide)
