"""The Vision Transformer: an image is a text whose words are patches.

Dosovitskiy et al., "An image is worth 16x16 words", 2021
(https://arxiv.org/abs/2010.11929): patches are mapped to vectors by one matrix, a
learned token of the class stands before them, and the encoder of a Transformer, with
the norm before each part, reads them all. Nothing in it knows that an image has rows.

Shapes: B images, H x W their sides, C channels, P the side of a patch, N patches, D
features, K classes.
"""

import functools
from collections.abc import Mapping

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import convolution, readout, stack, transformer
from dl_core.layers.dropout import Dropout
from dl_core.models.transformer import Size
from dl_core.types import Array

SIZES: Mapping[str, Size] = {
  'nano': Size(4, 64, 4, 128),
  'tiny': Size(12, 192, 3, 768),
  'small': Size(12, 384, 6, 1_536),
  'base': Size(12, 768, 12, 3_072),
  'large': Size(24, 1_024, 16, 4_096),
  'huge': Size(32, 1_280, 16, 5_120),
}
EPSILON = 1e-6
PARTITION = stack.PARTITION  # see `Experiment.partition`


class ViT(nn.Module):
  """A class for each image.

  With K = 1,000 and images of 224 x 224, 'base' has 86,567,656 parameters with P = 16
  and 88,224,232 with P = 32.

  Parameters beside those of its layers: `class_token` [1, 1, D] and `positions`
  [1, N + 1, D].

  Attributes:
    classes: K.
    size: number of blocks, D, heads and hidden units.
    patch: P; divides H and W.
    dropout: rate.
  """

  classes: int
  size: Size = SIZES['base']
  patch: int = 16
  dropout: float = 0.0

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, C] to logits [B, K].

    Raises:
      ValueError: an image is not made of whole patches.
    """
    layers, width, heads, hidden = self.size
    sides, patch = x.shape[1:3], self.patch
    if any(side % patch for side in sides):
      raise ValueError(f'images of {sides} have no whole patches of {patch}')
    embed = convolution.Conv(
      width, (patch, patch), (patch, patch), 'VALID', name='embedding'
    )
    tokens = embed(x).reshape(len(x), -1, width)
    start = self.param('class_token', nn.initializers.zeros, (1, 1, width))
    count = tokens.shape[1] + 1
    places = self.param('positions', nn.initializers.normal(0.02), (1, count, width))
    first = jnp.broadcast_to(start, (len(x), 1, width)).astype(tokens.dtype)
    h = jnp.concatenate([first, tokens], axis=1) + places
    block = functools.partial(
      transformer.Block,
      width,
      heads,
      hidden,
      'pre',
      activation='gelu',
      dropout=self.dropout,
      epsilon=EPSILON,
    )
    encoder = stack.Stack(block, layers, norm=True, name='encoder')
    h, _ = encoder(Dropout(self.dropout)(h, train=train), train=train)
    return readout.Readout(self.classes, name='output')(h[:, 0])
