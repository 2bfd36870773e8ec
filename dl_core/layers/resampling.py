"""Maps twice and half as large, and blurred between.

Shapes: B images, H x W places, C channels.
"""

import jax.numpy as jnp

from dl_core.types import Array


def doubled(x: Array) -> Array:
  """Repeats every place of maps [B, H, W, C] twice along both sides."""
  return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)


def halved(x: Array) -> Array:
  """Returns the means of 2 x 2 places of maps [B, H, W, C]."""
  batch, height, width, channels = x.shape
  return x.reshape(batch, height // 2, 2, width // 2, 2, channels).mean((2, 4))


def blurred(x: Array) -> Array:
  """Filters maps [B, H, W, C] by [1, 2, 1] / 4 along both sides; 0 is outside."""
  x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
  x = (x[:, :-2] + 2 * x[:, 1:-1] + x[:, 2:]) / 4
  return (x[:, :, :-2] + 2 * x[:, :, 1:-1] + x[:, :, 2:]) / 4
