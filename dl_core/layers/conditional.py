"""Conditional batch norm: scale and shift depend on a vector given with each image.

Dumoulin, Shlens & Kudlur 2017 (https://arxiv.org/abs/1610.07629); de Vries et al. 2017
(https://arxiv.org/abs/1707.00683). In BigGAN the vector is an embedding of the class
beside a part of the latents, and both are linear in it: the scale is 1 + W c. Without
the 1 every layer would begin by erasing its input.

Shapes: B images, C channels, D numbers of a vector.
"""

from flax import linen as nn

from dl_core.layers import norm, spectral
from dl_core.types import Array


class BatchNorm(nn.Module):
  """Batch norm with scale 1 + W c and shift V c; W and V have spectral norm.

  Attributes:
    momentum: of the running averages.
    epsilon: added to the variance.
  """

  momentum: float = 0.9
  epsilon: float = 1e-5

  @nn.compact
  def __call__(self, x: Array, c: Array, *, train: bool) -> Array:
    """Maps [B, H, W, C] and vectors [B, D] to [B, H, W, C]."""
    features = x.shape[-1]
    scale, shift = (
      spectral.Dense(features, use_bias=False, name=name)(c, train=train)
      for name in ('scale', 'shift')
    )
    y = norm.BatchNorm(
      not train, self.momentum, self.epsilon, affine=False, name='norm'
    )(x)
    return y * (1 + scale)[:, None, None] + shift[:, None, None]
