"""LSTMs over images: along rows, and along both diagonals.

Van den Oord, Kalchbrenner & Kavukcuoglu 2016, https://arxiv.org/abs/1601.06759, sec.
3.1 and 3.2. A masked convolution computes the inputs of all gates at once. The scan
goes from row to row, or from diagonal to diagonal, and updates all places of a row or
of a diagonal in one step. The state outside the image is 0.

Shapes: B images, H x W places, D input features, F hidden units.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.layers import cells, masked
from dl_core.layers.cpu import recurrence
from dl_core.layers.recurrent import orthogonal
from dl_core.types import Array


def beside(h: Array) -> Array:
  """Concatenates h of the left neighbour, the place and the right neighbour.

  Shapes: [..., W, F] -> [..., W, 3F].
  """
  return jnp.concatenate([shifted(h, 1), h, shifted(h, -1)], axis=-1)


def above(h: Array) -> Array:
  """Concatenates h of the row above and h of the row: [..., H, F] -> [..., H, 2F]."""
  return jnp.concatenate([shifted(h, 1), h], axis=-1)


def shifted(h: Array, by: int) -> Array:
  """Shifts h [..., N, F] by 1 or -1 along N, filling with 0."""
  zero = jnp.zeros_like(h[..., :1, :])
  kept = [zero, h[..., :-1, :]] if by > 0 else [h[..., 1:, :], zero]
  return jnp.concatenate(kept, axis=-2)


def scan(patch: Callable[[Array], Array]) -> Callable:
  """Makes the scan of an LSTM whose kernel multiplies patches of h."""
  return recurrence.over_time(cells.lstm_forward, cells.lstm_backward, patch)


BY_ROW, BY_DIAGONAL = scan(beside), scan(above)


class RowLSTM(nn.Module):
  """An LSTM whose state comes from three pixels of the row above; it sees a triangle.

  Parameters: `input`, a masked convolution [1, 3, D, 4F]; `recurrent_kernel` [3F, 4F].

  Attributes:
    hidden: F.
    colours: C, of the image.
  """

  hidden: int
  colours: int = 1

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, D] to h [B, H, W, F]."""
    gates = gated(self, x, 3)
    w = kernel(self, 3)
    a = jnp.moveaxis(gates, 1, 0)  # [H, B, W, 4F]
    zero = jnp.zeros((*a.shape[1:3], self.hidden))
    _, h = BY_ROW(a, w, jnp.zeros(4 * self.hidden, w.dtype), (zero, zero))
    return jnp.moveaxis(h, 0, 1)


class DiagonalLSTM(nn.Module):
  """An LSTM whose state comes from the pixels to the left and above.

  It sees every pixel above and to the left.

  Row i is moved i places to the right, so that a diagonal becomes a column.

  Parameters: `input`, a masked convolution [1, 1, D, 4F]; `recurrent_kernel` [2F, 4F].

  Attributes:
    hidden: F.
    colours: C, of the image.
  """

  hidden: int
  colours: int = 1

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, D] to h [B, H, W, F]."""
    gates = gated(self, x, 1)
    w = kernel(self, 2)
    batch, height, width, _ = gates.shape
    a = jnp.moveaxis(skewed(gates), 2, 0)  # [H + W - 1, B, H, 4F]
    zero = jnp.zeros((batch, height, self.hidden))
    column = np.arange(len(a))[:, None] - np.arange(height)[None]  # of the image
    inside = jnp.asarray((column >= 0) & (column < width))[:, None]
    bias = jnp.zeros(4 * self.hidden, w.dtype)
    _, h = BY_DIAGONAL(a, w, bias, (zero, zero), inside)
    return unskewed(jnp.moveaxis(h, 0, 2))


class DiagonalBiLSTM(nn.Module):
  """The sum of two diagonal LSTMs, one from the left and one from the right.

  The output of the second is shifted down by one row, so that it sees only the past.

  Attributes:
    hidden: F.
    colours: C, of the image.
  """

  hidden: int
  colours: int = 1

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, D] to h [B, H, W, F]."""
    left = DiagonalLSTM(self.hidden, self.colours, name='left')(x)
    mirrored = DiagonalLSTM(self.hidden, self.colours, name='right')(x[:, :, ::-1])
    right = mirrored[:, :, ::-1]
    return left + jnp.pad(right[:, :-1], ((0, 0), (1, 0), (0, 0), (0, 0)))


def gated(layer: Any, x: Array, width: int) -> Array:
  """Convolves [B, H, W, D] along rows to the inputs of all gates [B, H, W, 4F]."""
  own = masked.colours(layer.hidden, layer.colours)
  inputs = masked.colours(x.shape[-1], layer.colours)
  return masked.Masked(own * 4, inputs, width=width, name='input')(x)


def kernel(layer: Any, places: int) -> Array:
  """Returns the recurrent kernel, [places · F, 4F], scaled orthogonal blocks."""
  hidden: int = layer.hidden

  def draw(key, shape, dtype=jnp.float32):
    keys = jax.random.split(key, places)
    squares = [orthogonal(4)(one, (hidden, 4 * hidden), dtype) for one in keys]
    return jnp.concatenate(squares) / math.sqrt(places)

  return layer.param('recurrent_kernel', draw, (places * hidden, 4 * hidden))


def skewed(x: Array) -> Array:
  """Shifts row i by i places: [B, H, W, F] -> [B, H, H + W - 1, F], padded with 0."""
  batch, height, width, features = x.shape
  x = jnp.pad(x, ((0, 0), (0, 0), (0, height), (0, 0)))
  x = x.reshape(batch, -1, features)[:, : height * (width + height - 1)]
  return x.reshape(batch, height, width + height - 1, features)


def unskewed(x: Array) -> Array:
  """Undoes `skewed`: [B, H, H + W - 1, F] -> [B, H, W, F]."""
  batch, height, wide, features = x.shape
  x = jnp.pad(x.reshape(batch, -1, features), ((0, 0), (0, height), (0, 0)))
  return x.reshape(batch, height, wide + 1, features)[:, :, : wide + 1 - height]
