"""PSPNet: means over regions of several sizes give each pixel its context.

Zhao, Shi, Qi, Wang & Jia, "Pyramid scene parsing network", 2017,
https://arxiv.org/abs/1612.01105. The last two stages of a ResNet are dilated instead of
strided, so that its last map keeps an eighth of the sides of the image. Means of that
map over the whole image and over 2 x 2, 3 x 3 and 6 x 6 regions are upsampled and
joined to it, so that every place has the context of the whole scene.

As published in hszhao/semseg: a stem of three 3 x 3 convolutions, and bilinear
interpolation that leaves the corners where they are.

Shapes: B images, H x W pixels, C channels, h x w places of the last map, K classes.
"""

import functools
from collections.abc import Sequence

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import norm, pooling, readout, upsampling
from dl_core.models import resnet
from dl_core.types import Array

PYRAMID = (1, 2, 3, 6)
DEPTHS: dict[int, tuple[int, ...]] = {
  50: (3, 4, 6, 3),
  101: (3, 4, 23, 3),
  152: (3, 8, 36, 3),
}
STRIDE = 8  # pixels from one place of the last map to the next
Norm = functools.partial(norm.BatchNorm, momentum=0.9, epsilon=1e-5)
Conv = resnet.Conv


class PSPNet(nn.Module):
  """A dilated ResNet, a pyramid of means, a read-out.

  Attributes:
    classes: K.
    depths: blocks of each stage.
    width: of the first stage; the pyramid and the read-out have eight times as many
      channels.
    stem: see `resnet.stem`.
    pyramid: sides of the grids of regions that means are taken of; (): none.
    auxiliary: whether training returns the logits of a classifier of the third stage,
      too.
    dropout: dropout rate of the channels before the last layer.
  """

  classes: int
  depths: Sequence[int] = DEPTHS[50]
  width: int = 64
  stem: str = 'deep'
  pyramid: Sequence[int] = PYRAMID
  auxiliary: bool = True
  dropout: float = 0.1

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array | tuple[Array, Array]:
    """Maps images [B, H, W, C] to logits [B, H, W, K]; H and W are 8n or 8n + 1."""
    sides = x.shape[1:3]
    x = third = resnet.stem(x, self.stem, self.width, train)
    for stage, depth in enumerate(self.depths, start=1):
      third = x  # in the end, of the stage before the last
      for number in range(1, depth + 1):
        block = resnet.Bottleneck(
          self.width * 2 ** (stage - 1),
          stride=2 if (stage, number) == (2, 1) else 1,
          dilation=max(1, 2 ** (stage - 2)),
          name=f'stage_{stage}_block_{number}',
        )
        x = block(x, train=train)
    features = x.shape[-1] // max(len(self.pyramid), 1)
    found = [x]
    for size in self.pyramid:
      mean = pooling.adaptive_mean(x, size)
      mean = self.read(mean, features, 1, f'mean_{size}', train)
      found.append(upsampling.resized(mean, x.shape[1:3], corners=True))
    head = jnp.concatenate(found, axis=-1)
    scores = self.scored(head, 8 * self.width, 'head', train)
    full = functools.partial(upsampling.resized, sides=sides, corners=True)
    # Its parameters are made in evaluation, too, where nothing is read from them.
    if self.auxiliary and (train or self.is_initializing()):
      other = self.scored(third, 4 * self.width, 'auxiliary', train)
      return (full(scores), full(other)) if train else full(scores)
    return full(scores)

  def read(self, x: Array, features: int, side: int, name: str, train: bool) -> Array:
    """Applies a convolution, batch norm and ReLU."""
    x = Conv(features, name=name, **resnet.square(side))(x)
    return nn.relu(Norm(not train, name=f'{name}_norm')(x))

  def scored(self, x: Array, features: int, name: str, train: bool) -> Array:
    """Applies a convolution of 3 x 3, and scores the classes."""
    x = self.read(x, features, 3, name, train)
    places = (1, 2)  # a channel is left out everywhere
    x = nn.Dropout(self.dropout, places, deterministic=not train)(x)
    return readout.Readout(self.classes, name=f'{name}_output')(x)


def nearest(side: int) -> tuple[int, ...]:
  """Returns `side` where it is 8n or 8n + 1, or else the nearest two that are."""
  rest = side % STRIDE
  if side >= STRIDE and rest in (0, 1):
    return (side,)
  below = side - rest
  return tuple(each for each in (below + 1, below + STRIDE) if each > 1)
