"""Saliency: which pixels move the score of a class most, by its gradient.

Simonyan, Vedaldi & Zisserman 2014, https://arxiv.org/abs/1312.6034, section 3. The
score is the logit: the gradient of a probability vanishes where the network is sure.

Shapes: B images, H x W pixels, C channels.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from dl_core.types import Array


def maps(score: Callable[[Array], Array], x: Array) -> Array:
  """Returns the largest |d score / d pixel| over the channels, [B, H, W].

  The gradient is by the values that the network reads: where images are normalised, it
  is the deviation times that by the original pixels.

  Args:
    score: images [B, H, W, C] -> [B], each of its own image alone.
    x: images [B, H, W, C].
  """
  gradient = jax.jit(jax.grad(lambda x: jnp.sum(score(x))))
  return jnp.max(jnp.abs(gradient(x)), axis=-1)
