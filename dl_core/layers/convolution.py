"""2-D convolution, optionally followed by max-pooling, fast on every platform.

GPUs and TPUs run XLA's own convolution. On a CPU there are two faster formulations: one
matrix product of patches (`cpu.patches`) for one channel or with pooling, and the
convolution that Eigen runs well (`cpu.eigen`) for the rest. The choice is made when a
program is compiled for a platform: a jaxpr holds all branches, and `flops.count` reads
the plain one. Parameters are those of `nn.Conv`.

Shapes: B images, H x W places, C channels, F features, h x w the sides of the kernel.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers.cpu import dilation as interleaved
from dl_core.layers.cpu import eigen, patches
from dl_core.types import Array

AXES = ('NHWC', 'HWIO', 'NHWC')
Pair = tuple[int, int]
Padding = str | Sequence[Pair]


class Conv(nn.Module):
  """Convolves as `nn.Conv` does in two dimensions, then max-pools.

  Parameters: `kernel` [h, w, C, F] and `bias` [F].

  Attributes:
    features: F.
    kernel_size: (h, w).
    strides: inputs from one output to the next.
    padding: 'SAME', 'VALID' or ((above, below), (left, right)).
    pool: window and stride of the max-pooling; outputs that do not fill a window are
      dropped.
    use_bias: whether to add a bias.
    dilation: places from one tap of the kernel to the next; above 1, with neither
      strides nor pooling and with `padding` in numbers.
    kernel_init, bias_init: initializers of the parameters.
  """

  features: int
  kernel_size: Pair
  strides: Pair = (1, 1)
  padding: Padding = 'SAME'
  pool: Pair = (1, 1)
  use_bias: bool = True
  kernel_init: Callable[..., Array] = nn.initializers.lecun_normal()
  bias_init: Callable[..., Array] = nn.initializers.zeros
  dilation: int = 1

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, C] to [B, H', W', F]."""
    shape = (*self.kernel_size, x.shape[-1], self.features)
    kernel = self.param('kernel', self.kernel_init, shape)
    bias = jnp.zeros(self.features, kernel.dtype)
    if self.use_bias:
      bias = self.param('bias', self.bias_init, (self.features,))
    x, kernel, bias = nn.dtypes.promote_dtype(x, kernel, bias)
    if self.dilation > 1:
      return dilated(x, kernel, self.padding, self.dilation) + bias[None, None, None]
    return convolve(x, kernel, bias, self.strides, self.padding, self.pool)


def dilated(x: Array, kernel: Array, padding: Padding, dilation: int) -> Array:
  """Convolves at stride 1 with a dilated kernel; see `cpu.dilation.convolve`."""
  assert not isinstance(padding, str), 'a dilated convolution is padded in numbers'
  settings: dict[str, Any] = {'padding': tuple(padding)}
  plain = functools.partial(
    jax.lax.conv_general_dilated,
    window_strides=(1, 1),
    rhs_dilation=(dilation, dilation),
    dimension_numbers=AXES,
    **settings,
  )
  faster = functools.partial(interleaved.convolve, dilation=dilation, **settings)
  return jax.lax.platform_dependent(x, kernel, cpu=faster, default=plain)


def convolve(
  x: Array,
  kernel: Array,
  bias: Array,
  strides: Pair = (1, 1),
  padding: Padding = 'SAME',
  pool: Pair = (1, 1),
) -> Array:
  """Convolves, adds a bias and max-pools.

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
  faster = patches.convolve if patches_are_faster(x.shape, pool) else unpooled
  other: Any = functools.partial(faster, **settings)
  return jax.lax.platform_dependent(x, kernel, bias, cpu=other, default=plain)


def patches_are_faster(x: Any, pool: Pair) -> bool:
  """Returns whether `cpu.patches` is faster on a CPU than the other formulations.

  Measured on 2 cores, forward and backward, as a multiple of the speed of `cpu.eigen`:
  one channel 2.1; three channels 0.5 to 0.9; more channels with a kernel once or twice
  the stride 0.6 to 0.95; 3 x 3 kernels of 16 channels or more below that. With pooling
  it is 1.4 to 11 times as fast as XLA's own.

  Args:
    x: the shape [B, H, W, C] of the input.
    pool: see `Conv`.
  """
  return pool != (1, 1) or x[-1] == 1


def plainly(
  x: Array, kernel: Array, bias: Array, strides: Pair, padding: Any, pool: Pair
) -> Array:
  """Computes `convolve` by XLA's own operations."""
  y = jax.lax.conv_general_dilated(x, kernel, strides, padding, dimension_numbers=AXES)
  y += bias[None, None, None]
  return y if pool == (1, 1) else nn.max_pool(y, pool, pool)


def unpooled(
  x: Array, kernel: Array, bias: Array, strides: Pair, padding: Any, pool: Pair
) -> Array:
  """Computes `convolve` without pooling, by `cpu.eigen`."""
  del pool
  return eigen.convolve(x, kernel, strides, padding) + bias[None, None, None]
