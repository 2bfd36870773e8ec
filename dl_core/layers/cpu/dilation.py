"""Dilated convolutions as plain ones of interleaved places, for XLA's CPU backend.

A kernel whose taps are d places apart sees only every d-th row and column. Cut into the
d² maps of such places, an image is convolved by `eigen`, while XLA takes its slow path
for a dilated kernel.

Shapes: B images, H x W places, C channels, F features, h x w the sides of the kernel.
"""

from typing import Any

import jax.numpy as jnp

from dl_core.layers.cpu import eigen
from dl_core.types import Array


def convolve(x: Array, kernel: Array, padding: Any, dilation: int) -> Array:
  """Convolves at stride 1 with a kernel whose taps are `dilation` places apart.

  Args:
    x: [B, H, W, C].
    kernel: [h, w, C, F].
    padding: ((above, below), (left, right)).
    dilation: d.

  Returns:
    [B, H + above + below - d (h - 1), W + left + right - d (w - 1), F].
  """
  d, batch, channels = dilation, x.shape[0], x.shape[-1]
  whole = [side + sum(pad) for side, pad in zip(x.shape[1:3], padding, strict=True)]
  wanted = [s - d * (k - 1) for s, k in zip(whole, kernel.shape[:2], strict=True)]
  more = [-side % d for side in whole]
  pads = [(a, b + m) for (a, b), m in zip(padding, more, strict=True)]
  x = jnp.pad(x, [(0, 0), *pads, (0, 0)])
  rows, columns = x.shape[1] // d, x.shape[2] // d
  x = x.reshape(batch, rows, d, columns, d, channels).transpose(2, 4, 0, 1, 3, 5)
  x = x.reshape(d * d * batch, rows, columns, channels)
  y = eigen.convolve(x, kernel, (1, 1), ((0, 0), (0, 0)))
  rows, columns, features = y.shape[1:]
  y = y.reshape(d, d, batch, rows, columns, features).transpose(2, 3, 0, 4, 1, 5)
  y = y.reshape(batch, rows * d, columns * d, features)
  return y[:, : wanted[0], : wanted[1]]
