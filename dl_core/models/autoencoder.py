"""Autoencoders: an image through a narrow code and back.

Hinton & Salakhutdinov, "Reducing the dimensionality of data with neural networks",
2006, https://doi.org/10.1126/science.1127647. The encoder narrows layer by layer, the
decoder widens by the same steps. What restores a corrupted input has to know how its
inputs hang together (Vincent et al., "Stacked denoising autoencoders", 2010, JMLR 11),
and its encoder can begin a classifier.

Shapes: B images, H x W pixels, C channels, Z numbers of a code, K classes.
"""

import math

from flax import linen as nn

from dl_core.layers import convolution, readout, upsampling
from dl_core.types import Array


class Encoder(nn.Module):
  """Hidden layers with ReLU, then a linear code: [B, H, W, C] -> [B, Z].

  Attributes:
    hidden: units of each dense hidden layer, in order.
    code: Z.
    maps: channels of the convolutions of 3 x 3 before them, each at stride 2.
  """

  hidden: tuple[int, ...]
  code: int
  maps: tuple[int, ...] = ()

  @nn.compact
  def __call__(self, x: Array) -> Array:
    for number, features in enumerate(self.maps, start=1):
      name = f'convolution_{number}'
      x = nn.relu(convolution.Conv(features, (3, 3), (2, 2), name=name)(x))
    x = x.reshape(x.shape[0], -1)
    for number, width in enumerate(self.hidden, start=1):
      x = nn.relu(nn.Dense(width, name=f'hidden_{number}')(x))
    return nn.Dense(self.code, name='code')(x)


class Decoder(nn.Module):
  """The encoder's mirror image: [B, Z] -> logits [B, H, W, C].

  Attributes:
    hidden: units of each dense hidden layer, in order.
    shape: (H, W, C).
    maps: channels of the maps after them, each of twice the sides of the one before; H
      and W are divisible by 2 to the power of their number.
  """

  hidden: tuple[int, ...]
  shape: tuple[int, ...]
  maps: tuple[int, ...] = ()

  @nn.compact
  def __call__(self, z: Array) -> Array:
    for number, width in enumerate(self.hidden, start=1):
      z = nn.relu(nn.Dense(width, name=f'hidden_{number}')(z))
    if self.maps:
      height, width = (side >> len(self.maps) for side in self.shape[:2])
      smallest = (height, width, self.maps[0])
      x = nn.relu(nn.Dense(math.prod(smallest), name='smallest')(z))
      x = x.reshape(-1, *smallest)
      for number, features in enumerate(self.maps[1:], start=1):
        x = nn.relu(upsampling.SubPixel(features, name=f'doubling_{number}')(x))
      return upsampling.SubPixel(self.shape[2], name='pixels')(x)
    logits = readout.Readout(math.prod(self.shape), name='pixels')(z)
    return logits.reshape(-1, *self.shape)


class Autoencoder(nn.Module):
  """An encoder and its mirror: 2,837,314 parameters at 784-1000-500-250-30.

  Attributes:
    hidden: units of the encoder's hidden layers; the decoder has them in reverse.
    code: Z.
  """

  hidden: tuple[int, ...] = (1_000, 500, 250)
  code: int = 30

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, C] in [0, 1] to the logits of their pixels."""
    del train  # it does in training what it does in evaluation
    z = Encoder(self.hidden, self.code, name='encoder')(x)
    return Decoder(self.hidden[::-1], x.shape[1:], name='decoder')(z)


class EncoderClassifier(nn.Module):
  """The encoder of an `Autoencoder` and a linear classifier of its code.

  Attributes:
    classes: K.
    hidden, code: see `Encoder`.
  """

  classes: int
  hidden: tuple[int, ...] = (1_000, 500, 250)
  code: int = 30

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, C] to logits [B, K]."""
    del train  # it does in training what it does in evaluation
    z = Encoder(self.hidden, self.code, name='encoder')(x)
    return readout.Readout(self.classes, name='output')(nn.relu(z))
