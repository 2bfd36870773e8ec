"""Upsampling: by transposed convolutions, which may begin as bilinear, and sub-pixels.

Shapes: B images, H x W places, C channels, F features, s the factor, k sides of a
kernel.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.layers import convolution, pooling
from dl_core.types import Array


def bilinear(side: int) -> np.ndarray:
  """Returns the weights [k] by which a transposed convolution interpolates.

  (1 - |i - c| / f) with f = ceil(k / 2) and c the middle of the kernel, as Caffe's
  filler `bilinear` has them: for a kernel of 2s at stride s, linear interpolation.
  """
  factor = -(-side // 2)
  return 1 - np.abs(np.arange(side) - (side - 1) / 2) / factor


def interpolation(given: int, factor: int) -> np.ndarray:
  """Returns weights [s(n + 1), n] of a line of n places upsampled by a factor s."""
  weights = np.zeros((factor * (given + 1), given), np.float32)
  for place in range(given):
    start = place * factor
    weights[start : start + 2 * factor, place] = bilinear(2 * factor)
  return weights


def resized(x: Array, sides: tuple[int, ...], corners: bool = False) -> Array:
  """Scales maps [B, H, W, C] bilinearly to [B, *sides, C]: two products of matrices.

  Args:
    x: the maps.
    sides: wanted.
    corners: whether the middles of the corner pixels stay where they are; else the
      edges of the maps do (`align_corners` of PyTorch). No antialiasing.
  """
  rows, columns = (
    between(given, wanted, corners)
    for given, wanted in zip(x.shape[1:3], sides, strict=True)
  )
  return pooling.combined(x, rows, columns)


def between(given: int, wanted: int, corners: bool) -> np.ndarray:
  """Returns weights [wanted, given] by which a line is interpolated; see `resized`."""
  steps = np.arange(wanted)
  if corners:
    place = steps * ((given - 1) / max(wanted - 1, 1))
  else:
    place = np.clip((steps + 0.5) * (given / wanted) - 0.5, 0, given - 1)
  near = 1 - np.abs(place[:, None] - np.arange(given))
  return np.maximum(near, 0).astype(np.float32)


def transposed(x: Array, kernel: Array, factor: int) -> Array:
  """Computes a transposed convolution whose kernel is once or twice its stride s.

  Place i of x adds x[i] · kernel to the places from s · i on, as ConvTranspose2d of
  PyTorch without padding. It is one matrix product: the outputs of a stride are read
  from the same 1 or 2 x 2 places of the input.

  Args:
    x: [B, H, W, C].
    kernel: [r s, r s, C, F], with r = 1 or 2.
    factor: s.

  Returns:
    [B, s (H + r - 1), s (W + r - 1), F].
  """
  r, s = kernel.shape[0] // factor, factor
  batch, height, width, channels = x.shape
  rows, columns, features = height + r - 1, width + r - 1, kernel.shape[-1]
  padded = jnp.pad(x, ((0, 0), (r - 1, r - 1), (r - 1, r - 1), (0, 0)))
  # Output stride i has part a of the kernel at input place i - a.
  read = [
    padded[:, r - 1 - a : r - 1 - a + rows, r - 1 - b : r - 1 - b + columns]
    for a in range(r)
    for b in range(r)
  ]
  parts = kernel.reshape(r, s, r, s, channels, features).transpose(0, 2, 4, 1, 3, 5)
  parts = parts.reshape(r * r * channels, s * s * features)
  y = jnp.concatenate(read, axis=-1) @ parts
  y = y.reshape(batch, rows, columns, s, s, features).swapaxes(2, 3)
  return y.reshape(batch, s * rows, s * columns, features)


class Transposed(nn.Module):
  """Transposed convolution at stride s of a kernel of s or 2 s; see `transposed`.

  Parameters: `kernel` [k, k, C, F], in the orientation of PyTorch, and `bias` [F].

  Attributes:
    features: F.
    factor: s.
    side: k.
    use_bias: whether to add a bias.
    kernel_init: initializer of the kernel.
  """

  features: int
  factor: int = 2
  side: int = 2
  use_bias: bool = True
  kernel_init: Callable[..., Array] = nn.initializers.lecun_normal()

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, C] to [B, s (H + k/s - 1), s (W + k/s - 1), F]."""
    shape = (self.side, self.side, x.shape[-1], self.features)
    kernel = self.param('kernel', self.kernel_init, shape)
    bias = jnp.zeros(self.features, kernel.dtype)
    if self.use_bias:
      bias = self.param('bias', nn.initializers.zeros, (self.features,))
    x, kernel, bias = nn.dtypes.promote_dtype(x, kernel, bias)
    return transposed(x, kernel, self.factor) + bias[None, None, None]


class Doubled(nn.Module):
  """Transposed convolution of 3 x 3 at stride 2 that doubles the sides exactly.

  ConvTranspose2d of PyTorch with padding 1 and output padding 1. Parameters: `kernel`
  [3, 3, C, F], in the orientation of PyTorch, and `bias` [F].

  Attributes:
    features: F.
    kernel_init: initializer of the kernel.
  """

  features: int
  kernel_init: Callable[..., Array] = nn.initializers.lecun_normal()

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, C] to [B, 2H, 2W, F]."""
    kernel = self.param('kernel', self.kernel_init, (3, 3, x.shape[-1], self.features))
    bias = self.param('bias', nn.initializers.zeros, (self.features,))
    x, kernel, bias = nn.dtypes.promote_dtype(x, kernel, bias)
    whole = jnp.pad(kernel, ((0, 1), (0, 1), (0, 0), (0, 0)))  # 4 x 4, twice the stride
    y = transposed(x, whole, 2)[:, 1:-1, 1:-1]
    return y + bias[None, None, None]


KINDS = ('bilinear', 'grouped', 'learned')


class Upsample(nn.Module):
  """Transposed convolution of kernel 2s at stride s that begins as bilinear.

  Long et al. 2015 (https://arxiv.org/abs/1411.4038), section 4.3.

  Attributes:
    factor: s.
    kind: 'bilinear' stays so and has no parameters; 'grouped' learns a `kernel` [2s,
      2s, C] that upsamples each channel by itself; 'learned' one [2s, 2s, C, C].
  """

  factor: int = 2
  kind: str = 'bilinear'

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, C] to [B, s (H + 1), s (W + 1), C]."""
    s, features = self.factor, x.shape[-1]
    line = bilinear(2 * s)
    if self.kind == 'bilinear':
      rows, columns = (interpolation(side, s) for side in x.shape[1:3])
      return pooling.combined(x, rows, columns)
    mixes = np.eye(features) if self.kind == 'learned' else np.ones((1, features))
    begin = np.outer(line, line)[:, :, None, None] * mixes
    if self.kind == 'learned':
      own = lambda key, shape, dtype=jnp.float32: jnp.asarray(begin, dtype)
      kernel = self.param('kernel', own, begin.shape)
      return transposed(x, jnp.asarray(kernel, x.dtype), s)
    own = lambda key, shape, dtype=jnp.float32: jnp.asarray(begin[:, :, 0], dtype)
    kernel = self.param('kernel', own, (2 * s, 2 * s, features))
    return by_channel(x, jnp.asarray(kernel, x.dtype), s)


def by_channel(x: Array, kernel: Array, factor: int) -> Array:
  """Computes `transposed` with a kernel [2s, 2s, C] for each channel by itself."""
  batch, height, width, channels = x.shape
  parts = kernel.reshape(2, factor, 2, factor, channels)
  padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
  y = sum(
    padded[:, 1 - a : 2 - a + height, None, 1 - b : 2 - b + width, None]
    * parts[a, :, b][None, None, :, None]
    for a in (0, 1)
    for b in (0, 1)
  )  # [B, H + 1, s, W + 1, s, C]
  return jnp.reshape(y, (batch, factor * (height + 1), factor * (width + 1), channels))


class SubPixel(nn.Module):
  """Convolution of 3 x 3 to s² groups of F features, laid out as s x s places each.

  Shi et al. 2016 (https://arxiv.org/abs/1609.05158): it computes what a transposed
  convolution of kernel 3s at stride s does, at half the time on a CPU.

  Attributes:
    features: F.
    factor: s.
  """

  features: int
  factor: int = 2

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, C] to [B, sH, sW, F]."""
    batch, height, width, _ = x.shape
    s, features = self.factor, self.features
    x = convolution.Conv(s * s * features, (3, 3), name='convolution')(x)
    x = x.reshape(batch, height, width, s, s, features).swapaxes(2, 3)
    return x.reshape(batch, s * height, s * width, features)
