"""Masked convolutions: a pixel sees only those before it, row by row.

Van den Oord, Kalchbrenner & Kavukcuoglu 2016, https://arxiv.org/abs/1601.06759, sec.
3.4. Rows below the centre would always be masked, so they are not stored: a mask of
k x k is a kernel of (k // 2 + 1) x k with a padding at the top, whose last row is
masked to the right of its centre. The mask is applied in the forward pass, so masked
weights have no gradient.

Each feature belongs to a colour. At the centre, a feature sees the features of earlier
colours (type A, the first layer) or also those of its own colour (type B).

Shapes: B images, H x W places, C colours, D input features, F features.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.layers import convolution
from dl_core.types import Array


def colours(features: int, count: int) -> tuple[int, ...]:
  """Returns the colour of each of F features, in C blocks of equal size.

  Raises:
    ValueError: F is not a multiple of C.
  """
  if features % count:
    raise ValueError(f'{features=} is not a multiple of the number of colours, {count}')
  return tuple(np.arange(count).repeat(features // count).tolist())


def mask(
  above: int, width: int, inputs: tuple[int, ...], outputs: tuple[int, ...], first: bool
) -> np.ndarray:
  """Returns the mask of a kernel, 1 where it may see: [above + 1, width, D, F].

  Args:
    above: rows above the centre.
    width: odd.
    inputs, outputs: colours of the features.
    first: whether the mask is of type A instead of type B.
  """
  d, f = np.array(inputs)[:, None], np.array(outputs)[None, :]
  kept = np.ones((above + 1, width, len(inputs), len(outputs)), np.float32)
  kept[-1, width // 2 + 1 :] = 0
  kept[-1, width // 2] = d < f if first else d <= f
  return kept


class Masked(nn.Module):
  """A convolution that sees only the pixels before the centre.

  Parameters: `kernel` [above + 1, width, D, F] and `bias` [F].

  Attributes:
    outputs: colour of each of the F features.
    inputs: colour of each of the D features.
    above: rows above the centre.
    width: of the kernel, odd.
    first: whether the mask is of type A: the centre sees no feature of its own colour.
  """

  outputs: tuple[int, ...]
  inputs: tuple[int, ...]
  above: int = 0
  width: int = 1
  first: bool = False

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, D] to [B, H, W, F]."""
    kept = mask(self.above, self.width, self.inputs, self.outputs, self.first)
    init = scaled(nn.initializers.lecun_normal(), kept)
    kernel = self.param('kernel', init, kept.shape)
    bias = self.param('bias', nn.initializers.zeros, (len(self.outputs),))
    x, kernel, bias = nn.dtypes.promote_dtype(x, kernel, bias)
    kernel = kernel * jnp.asarray(kept, kernel.dtype)
    side = self.width // 2
    padding = ((self.above, 0), (side, side))
    return convolution.convolve(x, kernel, bias, padding=padding)


class Above(nn.Module):
  """Convolves the rows above a pixel and, unless `first`, its own row, without a mask.

  Parameters: `kernel` [above + 1, width, D, F], without the last row if `first`, and
  `bias` [F].

  Attributes:
    features: F.
    above: rows above the centre.
    width: odd.
    first: whether the pixel's own row is left out.
  """

  features: int
  above: int
  width: int
  first: bool = False

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, D] to [B, H, W, F]."""
    height = x.shape[1]
    rows, side = self.above + (not self.first), self.width // 2
    if self.first:
      x = x[:, : height - 1]
    return convolution.Conv(
      self.features,
      (rows, self.width),
      padding=((self.above, 0), (side, side)),
      name='convolution',
    )(x)


def scaled(init: Callable[..., Array], kept: np.ndarray) -> Callable[..., Array]:
  """Returns an initializer whose fan-in counts only the weights that the mask keeps."""
  share = float(kept.mean()) or 1.0
  return lambda key, shape, dtype=jnp.float32: init(key, shape, dtype) * share**-0.5
