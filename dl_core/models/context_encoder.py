"""Context encoders: what surrounds a hole says what is in it.

Pathak et al., "Context encoders: feature learning by inpainting", 2016,
https://arxiv.org/abs/1604.07379. An encoder reads the image with a hole, all of it goes
through a bottleneck of a few numbers, and a decoder draws the image. The paper leaves
the channels apart in its bottleneck; its published code does not, and nor do we.

Shapes: B images, H x W pixels, C channels, Z numbers of the bottleneck.
"""

import math
from collections.abc import Sequence

from flax import linen as nn

from dl_core.layers import upsampling
from dl_core.models import encoder
from dl_core.types import Array


class Decoder(nn.Module):
  """Three doublings of the side, to a map of one number per pixel and channel.

  Attributes:
    shape: (H, W, C) of the images, H and W divisible by 8.
    widths: features at an eighth, a quarter and half of the sides.
  """

  shape: Sequence[int]
  widths: Sequence[int]

  @nn.compact
  def __call__(self, z: Array) -> Array:
    """Maps [B, Z] to [B, H, W, C]."""
    height, width, channels = self.shape
    smallest = (height // encoder.HALVED, width // encoder.HALVED, self.widths[0])
    h = nn.relu(nn.Dense(math.prod(smallest), name='smallest')(z))
    h = h.reshape(len(z), *smallest)
    for number, features in enumerate(self.widths[1:], start=1):
      h = upsampling.SubPixel(features, name=f'doubling_{number}')(h)
      h = nn.relu(nn.GroupNorm(1, epsilon=encoder.SOFT, name=f'norm_{number}')(h))
    return upsampling.SubPixel(channels, name='pixels')(h)


class ContextEncoder(nn.Module):
  """An `encoder.Encoder`, a bottleneck and a decoder: 842,980 parameters at 32 x 32.

  Attributes:
    widths: see `encoder.Encoder`; the decoder has half of the first three in reverse.
    code: Z.
  """

  widths: Sequence[int] = encoder.WIDTHS
  code: int = 256

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, C] with holes to whole images [B, H, W, C].

    The encoder sees each image at mean 0 and deviation 1; the mean and the deviation
    that it had are given back to what the decoder says.
    """
    del train  # it does in training what it does in evaluation
    last = encoder.Encoder(self.widths, name='encoder')(x)[-1]
    z = nn.Dense(self.code, name='bottleneck')(last.reshape(len(x), -1))
    halves = [max(width // 2, 1) for width in self.widths[2::-1]]
    decoder = Decoder(x.shape[1:], halves, name='decoder')
    _, mean, deviation = encoder.standardised(x)
    return mean + deviation * decoder(nn.relu(z))
