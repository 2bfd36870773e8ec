"""Progressive growing: a network gets one more size whenever enough images were seen.

Karras et al. 2018, https://arxiv.org/abs/1710.10196, section 3. The images are counted
in a collection of the variables, so a run resumes at its size.
"""

import math

import jax.numpy as jnp
from flax import linen as nn

from dl_core.types import Array

GROWTH = 'growth'  # the collection that counts the images that a network has seen
FIRST = 8  # pixels of a side that growing begins with


def missing(images: Array, growing: int, sizes: int) -> Array:
  """Returns the level of detail: how many sizes are missing, a fraction in fades.

  Args:
    images: how many have been seen.
    growing: images after which the side doubles, from `FIRST` on: the new size fades
      in over the second half of them.
    sizes: how many sides there are, of 4, 8 ... S.
  """
  phase = images / growing
  done = jnp.floor(phase)
  fade = jnp.maximum(0.0, 2 * (phase - done) - 1)
  return jnp.maximum(0.0, sizes - math.log2(FIRST / 2) - done - fade)


def faded(new: Array, old: Array, share: Array) -> Array:
  """Returns `new` at a share of 0, `old` at 1, and a mixture between."""
  return new + (old - new) * jnp.clip(share, 0, 1).astype(new.dtype)


class Growth(nn.Module):
  """Counts images and computes the level of detail.

  Attributes:
    growing, sizes: see `missing`.
  """

  growing: int
  sizes: int

  @nn.compact
  def __call__(self, batch: int, *, train: bool) -> Array:
    """Returns the level of detail []; in training, counts a batch of images."""
    seen = self.variable(GROWTH, 'images', jnp.zeros, (), jnp.float32)
    now = seen.value
    if train and not self.is_initializing():
      seen.value = now + batch
    return missing(now, self.growing, self.sizes)
