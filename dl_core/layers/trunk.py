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
    pooled: number of stages that pool: the first and the last ones; the stages between
      them keep the sides of the map.
  """

  widths: Sequence[int]
  pooled: int = 2

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps images [B, H, W, C] to [B, H / 2^pooled, W / 2^pooled, F]."""
    x = jax.nn.standardize(x, axis=(1, 2, 3), epsilon=1e-3)
    for number, width in enumerate(self.widths):
      pools = self.pooled > (0 if number == 0 else len(self.widths) - number)
      pool = (2, 2) if pools else (1, 1)
      layer = convolution.Conv(
        width, (3, 3), pool=pool, kernel_init=nn.initializers.he_normal(),
        name=f'stage_{number}',
      )  # fmt: skip
      x = nn.relu(layer(x))
    return x


class Summary(nn.Module):
  """A map as one vector: what is in the image, and where.

  One dense layer reads the maxima of each feature over all places, which say what there
  is wherever it is, so that it need not be learned anew for each place; another reads
  the whole map, after an optional projection of each place to few features.

  Attributes:
    features: of the vector.
    bottleneck: features of each place after the projection; 0: no projection.
  """

  features: int
  bottleneck: int = 0

  @nn.compact
  def __call__(self, found: Array) -> Array:
    """Maps [B, h, w, F] to [B, features]."""
    what = nn.Dense(self.features, name='what')(jnp.max(found, axis=(1, 2)))
    if self.bottleneck:
      found = nn.Dense(self.bottleneck, name='place')(found)
    return what + nn.Dense(self.features, name='where')(found.reshape(len(found), -1))
