"""Saliency: the gradient of the score of a class by the pixels.

Simonyan, Vedaldi & Zisserman 2014, https://arxiv.org/abs/1312.6034, section 3. The
score is the logit, because the gradient of a probability near 1 vanishes.

Shapes: B images, H x W pixels, C channels.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from dl_core.types import Array


def maps(score: Callable[[Array], Array], x: Array) -> Array:
  """Returns the largest |d score / d pixel| over the channels, [B, H, W].

  The gradient is by the pixels as the network reads them. For normalised images it is
  the standard deviation times the gradient by the original pixels.

  Args:
    score: images [B, H, W, C] -> [B], each of its own image alone.
    x: images [B, H, W, C].
  """
  gradient = jax.jit(jax.grad(lambda x: jnp.sum(score(x))))
  return jnp.max(jnp.abs(gradient(x)), axis=-1)
