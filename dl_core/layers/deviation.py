"""The deviation over a group of images, by which copies are told from variety."""

from typing import Any

import jax.numpy as jnp

from dl_core.types import Array

GROUP = 4  # images that a deviation is over


def deviating(x: Array) -> Array:
  """Adds the standard deviation over a group of images (Karras et al. 2018).

  It is averaged over places and features into one channel, by which the discriminator
  can detect fakes that are all alike.

  Args:
    x: maps [B, H, W, F]; image n is in group n mod (B / 4).
  """
  batch, height, width, _ = x.shape
  group = min(GROUP, batch)
  wide: Any = x.astype(jnp.float32).reshape(group, -1, *x.shape[1:])
  var = jnp.mean(jnp.square(wide - wide.mean(0, keepdims=True)), axis=0)
  deviation = jnp.sqrt(var + 1e-8).mean((1, 2, 3))  # [B / group]
  column = jnp.tile(deviation, group)[:, None, None, None]
  column = jnp.broadcast_to(column, (batch, height, width, 1))
  return jnp.concatenate([x, column.astype(x.dtype)], axis=-1)
