"""Convolutions, and max-pooling with them, as XLA computes them fastest on a CPU.

XLA's own convolutions are what GPUs and TPUs run. On a CPU they are slow for few
channels, and so is the gradient of its max-pooling; there one product of matrices takes
their place (Chellapilla, Puri & Simard, "High performance convolutional neural networks
for document processing", 2006), of patches with a kernel laid out for a block of
neighbouring outputs. A wider patch has zeros in that kernel, but it is copied once for
the whole block. If the block is the window of a max-pooling, the maximum is one over
columns, and the map before it is never laid out.

Which of the two a program holds is settled when it is compiled for a platform, so a
jaxpr has both, and `flops.count` reads the plain one. Parameters are those of `nn.Conv`.

Shapes: B images, H x W places, C channels, F features, h x w the kernel's sides; a block
of r x c outputs reads a patch of P inputs.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

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
    x, kernel = nn.dtypes.promote_dtype(x, kernel)
    y = convolve(x, kernel, self.strides, self.padding, self.pool)
    if self.use_bias:
      # After the pooling: the largest output is that without the bias, which is added
      # to fewer.
      bias = self.param('bias', self.bias_init, (self.features,))
      y += bias.astype(y.dtype)[None, None, None]
    return y


def convolve(
  x: Array,
  kernel: Array,
  strides: Pair = (1, 1),
  padding: Padding = 'SAME',
  pool: Pair = (1, 1),
) -> Array:
  """Convolves, and keeps the largest output of every window.

  Args:
    x: [B, H, W, C].
    kernel: [h, w, C, F].
    strides, padding, pool: see `Conv`.

  Returns:
    [B, H', W', F].
  """
  sides, window = x.shape[1:3], kernel.shape[:2]
  if isinstance(padding, str):
    padding = jax.lax.padtype_to_pads(sides, window, strides, padding)
  settings = {'strides': strides, 'padding': tuple(map(tuple, padding)), 'pool': pool}
  plain = functools.partial(plainly, **settings)
  if not quicker(x.shape, kernel.shape, pool):
    return plain(x, kernel)
  product = functools.partial(as_a_product, **settings)
  return jax.lax.platform_dependent(x, kernel, cpu=product, default=plain)


def quicker(x: Sequence[int], kernel: Sequence[int], pool: Pair) -> bool:
  """Tells from the shapes whether a product of matrices is quicker on a CPU."""
  return True


def plainly(x: Array, kernel: Array, *, strides: Pair, padding: Any, pool: Pair):
  """Is `convolve` in XLA's own terms."""
  y = jax.lax.conv_general_dilated(x, kernel, strides, padding, dimension_numbers=AXES)
  return y if pool == (1, 1) else nn.max_pool(y, pool, pool)


def as_a_product(x: Array, kernel: Array, *, strides: Pair, padding: Any, pool: Pair):
  """Is `convolve` as one product of patches with the kernel of a block."""
  *window, channels, features = kernel.shape
  step = (pool[0] * strides[0], pool[1] * strides[1])  # from a block to the next
  reach = [s * (p - 1) + k for s, p, k in zip(strides, pool, window, strict=True)]
  cells = [-(-n // s) for n, s in zip(reach, step, strict=True)]  # of a patch
  blocks = [
    (side + sum(pad) - n) // s + 1
    for side, pad, n, s in zip(x.shape[1:3], padding, reach, step, strict=True)
  ]
  sides = [(n + m - 1) * s for n, m, s in zip(blocks, cells, step, strict=True)]
  after = [
    n - side - pad[0] for n, side, pad in zip(sides, x.shape[1:3], padding, strict=True)
  ]
  zero = jnp.zeros((), x.dtype)
  rows, columns = ((pad[0], n, 0) for pad, n in zip(padding, after, strict=True))
  x = jax.lax.pad(x, zero, ((0, 0, 0), rows, columns, (0, 0, 0)))
  x = gathered(x, step)  # [B, H / step, W / step, cell]
  parts = [
    x[:, i : i + blocks[0], j : j + blocks[1]]
    for i in range(cells[0])
    for j in range(cells[1])
  ]
  patches = jnp.concatenate(parts, axis=-1)  # [B, H', W', P]
  whole = [n * s for n, s in zip(cells, step, strict=True)]
  places = [
    (i * strides[0], j * strides[1]) for i in range(pool[0]) for j in range(pool[1])
  ]
  laid = [
    jnp.pad(
      kernel,
      (
        (i, whole[0] - window[0] - i),
        (j, whole[1] - window[1] - j),
        (0, 0),
        (0, 0),
      ),
    )
    for i, j in places
  ]
  block = jnp.stack(laid, axis=-2)  # [h', w', C, r·c, F]
  block = block.reshape(1, *whole, -1)
  block = block.reshape(
    cells[0], step[0], cells[1], step[1], channels, len(places), features
  )
  block = block.transpose(0, 2, 1, 3, 4, 5, 6).reshape(-1, len(places) * features)
  y = jnp.einsum('bhwp,pf->bhwf', patches, block)
  if pool == (1, 1):
    return y
  return largest(y.reshape(*y.shape[:3], len(places), features))


def gathered(x: Array, step: Pair) -> Array:
  """Gathers the places of every cell of step x step: space becomes channels."""
  if step == (1, 1):
    return x
  batch_size, height, width, channels = x.shape
  r, c = step
  x = x.reshape(batch_size, height // r, r, width // c, c, channels)
  x = x.transpose(0, 1, 3, 2, 4, 5)
  return x.reshape(batch_size, height // r, width // c, r * c * channels)


@jax.custom_jvp
def largest(y: Array) -> Array:
  """Returns the largest along the last axis but one; only its first place has a slope."""
  parts = [y[..., k, :] for k in range(y.shape[-2])]
  return functools.reduce(jnp.maximum, parts)


@largest.defjvp
def largest_jvp(values, slopes):
  (y,), (slope,) = values, slopes
  most = largest(y)
  many = y.shape[-2]
  first = jnp.full(most.shape, many - 1, jnp.int32)
  for k in reversed(range(many - 1)):
    first = jnp.where(y[..., k, :] == most, k, first)
  chosen = (
    jax.lax.broadcasted_iota(jnp.int32, y.shape, y.ndim - 2) == first[..., None, :]
  )
  return most, jnp.sum(jnp.where(chosen, slope, 0), axis=-2)
