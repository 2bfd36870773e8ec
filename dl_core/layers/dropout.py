"""Dropout (Srivastava et al., 2014, https://jmlr.org/papers/v15/srivastava14a.html).

Random words of 32 bits are the dear part of it on a CPU, so each word decides on four
activations: a byte of it below the threshold keeps one. A rate is a multiple of 1/256
therefore: 0.1 is 0.1016, and what is kept is scaled for that rate exactly.
"""

import math

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.types import Array, Key

BYTES = 4  # of a random word
VALUES = 256  # of a byte


class Dropout(nn.Module):
  """Sets activations to 0 at random in training and scales the others up.

  Attributes:
    rate: probability of being dropped, rounded to a multiple of 1/256.
  """

  rate: float

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps any shape to the same shape; draws from the stream `dropout`."""
    if not train or not threshold(self.rate) < VALUES:
      return x
    return dropped(self.make_rng('dropout'), x, self.rate)


def threshold(rate: float) -> int:
  """Returns how many of the 256 values of a byte keep an activation, at least one."""
  if not 0 <= rate < 1:
    raise ValueError(f'{rate=} is no dropout rate; give at least 0 and less than 1')
  return max(1, round((1 - rate) * VALUES))


def dropped(key: Key, x: Array, rate: float) -> Array:
  """Returns x with a share `rate` of its entries 0, the others scaled."""
  kept = threshold(rate)
  scale = jnp.asarray(VALUES / kept, x.dtype)
  return jnp.where(drawn(key, x.shape) < kept, x * scale, jnp.zeros((), x.dtype))


def drawn(key: Key, shape: tuple[int, ...]) -> Array:
  """Draws bytes, uint8 of a shape, four from each random word."""
  *rest, last = shape or (1,)
  words = jax.random.bits(key, (*rest, -(-last // BYTES)), jnp.uint32)
  # The words are needed as an array: fused, each byte would draw its word anew.
  words = jax.lax.optimization_barrier(words)
  found = jax.lax.bitcast_convert_type(words, jnp.uint8)
  assert math.prod(found.shape) >= math.prod(shape)
  return found.reshape(*rest, -1)[..., :last].reshape(shape)
