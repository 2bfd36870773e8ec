"""A small convolutional network without a read-out: from an image to a map of features.

Every image is standardised first, by the mean and deviation of its own pixels: black
images with a little white train as fast as photographs.

Shapes: B images, H x W pixels, C channels, F features, s stages.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import convolution
from dl_core.types import Array


class Trunk(nn.Module):
  """Stages of a 3 x 3 convolution, 2 x 2 max-pooling and ReLU.

  Attributes:
    widths: features of each stage.
    pooled: stages that pool; those after them keep the sides of the map.
  """

  widths: Sequence[int]
  pooled: int = 2

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps images [B, H, W, C] to [B, H / 2^pooled, W / 2^pooled, F]."""
    x = jax.nn.standardize(x, axis=(1, 2, 3), epsilon=1e-3)
    for number, width in enumerate(self.widths):
      pool = (2, 2) if number < self.pooled else (1, 1)
      layer = convolution.Conv(
        width, (3, 3), pool=pool, kernel_init=nn.initializers.he_normal(),
        name=f'stage_{number}',
      )  # fmt: skip
      x = nn.relu(layer(x))
    return x


def summary(found: Array) -> Array:
  """Returns a map [B, h, w, F] as one vector [B, h · w · F + F]: where, and what.

  The maxima over all places say what is in the image wherever it is, so that it need
  not be learned anew for each place.
  """
  flat = found.reshape(len(found), -1)
  return jnp.concatenate([flat, jnp.max(found, axis=(1, 2))], axis=-1)
