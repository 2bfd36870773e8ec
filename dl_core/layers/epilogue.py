"""What follows every convolution of a StyleGAN (section 2 and figure 1 of the paper).

Karras, Laine & Aila 2019, https://arxiv.org/abs/1812.04948; adaptive instance norm is
that of Huang & Belongie 2017, https://arxiv.org/abs/1703.06868.

Shapes: B images, H x W places, F features, D numbers of w.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import equalised, norm
from dl_core.types import Array


class Epilogue(nn.Module):
  """Noise, bias, leaky ReLU, and the style: AdaIN, x (1 + s) + t of normalised maps.

  Attributes:
    number: of the layer; without a random stream, its noise is always the same.
  """

  number: int

  @nn.compact
  def __call__(self, x: Array, w: Array) -> Array:
    """Maps maps [B, H, W, F] and w [B, D] to maps."""
    batch, height, width, features = x.shape
    strength = self.param('noise', nn.initializers.zeros, (features,))
    bias = self.param('bias', nn.initializers.zeros, (features,))
    if self.has_rng('draw'):
      noise = jax.random.normal(self.make_rng('draw'), (batch, height, width, 1))
    else:
      noise = jax.random.normal(jax.random.key(self.number), (1, height, width, 1))
    wide = lambda row: row[None, None, None]
    x = nn.leaky_relu(x + noise.astype(x.dtype) * wide(strength) + wide(bias), 0.2)
    style = equalised.Dense(2 * features, gain=1.0, name='style')(w)
    scale, shift = jnp.split(style[:, None, None], 2, axis=-1)
    return norm.instance(x, 1e-8) * (1 + scale) + shift
