"""A recurrent network that labels every frame of a film.

Donahue et al., "Long-term recurrent convolutional networks", 2015,
https://arxiv.org/abs/1411.4389: a convolutional network reads each frame, a recurrent
one its features, in order. Time is folded into the batch of the convolutions: no
convolution is inside a scan. In one direction a label depends on its frame and the
frames before; in both directions on the whole film.

Shapes: B films, T frames, H x W pixels, C channels, D features of a frame, K classes.
"""

import functools
from collections.abc import Sequence

from flax import linen as nn

from dl_core.layers import readout, sequences, trunk
from dl_core.types import Array


class VideoFrames(nn.Module):
  """A trunk a frame, a recurrent layer over the frames, a read-out for each.

  Attributes:
    classes: K.
    widths: features of each stage of the trunk, which halves the maps twice.
    features: D.
    cell: 'lstm', 'gru' or 'rnn'.
    hidden: units of the recurrent layer, in each direction.
    bidirectional: whether it reads the film from both ends.
  """

  classes: int
  widths: Sequence[int] = (16, 32)
  features: int = 64
  cell: str = 'lstm'
  hidden: int = 64
  bidirectional: bool = False

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps films [B, T, H, W, C] to logits [B, T, K]."""
    del train  # it does in training what it does in evaluation
    films, frames = x.shape[:2]
    maps = trunk.Trunk(self.widths)(x.reshape(-1, *x.shape[2:]))
    said = nn.relu(trunk.Summary(self.features, name='frame')(maps))
    layer = functools.partial(sequences.CELLS[self.cell], self.hidden)
    stack = sequences.Stacked(layer, bidirectional=self.bidirectional, name='film')
    _, h = stack(said.reshape(films, frames, -1))
    return readout.Readout(self.classes, name='output')(h)
