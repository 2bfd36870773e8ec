"""Solves puzzles: in which order were the tiles of an image?

Noroozi & Favaro, "Unsupervised learning of visual representations by solving jigsaw
puzzles", 2016, https://arxiv.org/abs/1603.09246. One encoder reads every tile by
itself, and only what it says of them meets: the context-free network.

Shapes: B images, T tiles of t x t pixels, C channels, D features of a tile, P
permutations.
"""

from collections.abc import Sequence

from flax import linen as nn

from dl_core.layers import readout
from dl_core.models import encoder
from dl_core.types import Array


class Jigsaw(nn.Module):
  """An `encoder.Encoder` for all tiles, joined by two dense layers.

  Attributes:
    permutations: P.
    widths: see `encoder.Encoder`.
    features: D.
    hidden: units of the layer that reads all tiles.
  """

  permutations: int
  widths: Sequence[int] = encoder.WIDTHS
  features: int = 128
  hidden: int = 256

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps shuffled tiles [B, T, t, t, C] to logits [B, P] of their permutation."""
    del train  # it does in training what it does in evaluation
    batch, tiles = x.shape[:2]
    last = encoder.Encoder(self.widths, name='encoder')(
      x.reshape(batch * tiles, *x.shape[2:])
    )[-1]
    each = last.reshape(batch * tiles, -1)
    each = nn.relu(nn.Dense(self.features, name='tile')(each))
    both = nn.relu(nn.Dense(self.hidden, name='tiles')(each.reshape(batch, -1)))
    return readout.Readout(self.permutations, name='output')(both)
