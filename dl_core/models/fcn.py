"""FCN: an image classifier made convolutional, to predict the class of every pixel.

Long, Shelhamer & Darrell, "Fully convolutional networks for semantic segmentation",
2015, https://arxiv.org/abs/1411.4038. The dense layers of VGG16 become convolutions, so
the network reads images of any size and classifies each place of its last map, 32
pixels apart. Deep maps hold what is there, shallow ones where: FCN-16s and FCN-8s add
the scores of earlier stages, each to the upsampled scores of the later stages.

Shapes: B images, H x W pixels, C channels, K classes, S stages.
"""

import functools
from collections.abc import Sequence
from typing import Any

from flax import linen as nn

from dl_core.layers import convolution, norm, pooling, readout, upsampling
from dl_core.models import vgg
from dl_core.types import Array

STRIDES = (8, 16, 32)
AROUND = 100  # pixels of zeros around an image, in the paper's networks
SIDE = 7  # of the kernel that was VGG's first dense layer


# A 1 x 1 convolution; the first scores are 0: all classes begin equally likely.
Scores = functools.partial(readout.Readout, kernel_init=nn.initializers.zeros)


class FCN(nn.Module):
  """FCN-32s, FCN-16s or FCN-8s, with a trunk in the form of VGG.

  What is cropped is computed from where the pixels of each map lie in the image. In the
  paper's networks these are the offsets 5 (pool4), 9 (pool3) and 19, 27 or 31 (scores).

  Attributes:
    classes: K.
    stride: pixels from one place to the next of the finest map that is scored.
    depths, width, batch_norm: see `vgg.VGG`; the paper has VGG16, without batch norm.
    around: zeros around the image. The paper has 100, for the convolution that was the
      first dense layer reads no place beyond its map. With 0 it is padded as well.
    side: of that convolution's kernel.
    hidden: its channels, and those of the next one; 0: 64 times the width.
    upsampling: see `upsampling.Upsample`.
    scales: factors of the maps of skips, from the deepest; the paper's networks that
      are trained in one go have 0.01 and 0.0001.
    dropout: dropout rate of the hidden layers.
  """

  classes: int
  stride: int = 8
  depths: Sequence[int] = (2, 2, 3, 3, 3)
  width: int = 64
  batch_norm: bool = False
  around: int = AROUND
  side: int = SIDE
  hidden: int = 0
  upsampling: str = 'bilinear'
  scales: Sequence[float] = ()
  dropout: float = 0.5

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, C] to logits [B, H, W, K]."""
    image, maps = x, []
    for number, depth in enumerate(self.depths, start=1):
      x = vgg.stage(
        x, number, depth, self.width, train=train, norms=self.batch_norm,
        around=(self.around or 1) if number == 1 else 1,
      )  # fmt: skip
      x = pooling.halved(x, 2)
      maps.append(x)
    padding = 'VALID' if self.around else 'SAME'
    for name, side in (('hidden_1', self.side), ('hidden_2', 1)):
      hidden = self.hidden or 64 * self.width
      x = convolution.Conv(
        hidden, (side, side), padding=padding, kernel_init=vgg.he, name=name
      )(x)
      if self.batch_norm:
        own = f'{name}_norm'
        x = norm.BatchNorm(not train, momentum=0.9, epsilon=1e-5, name=own)(x)
      x = nn.Dropout(self.dropout, deterministic=not train)(nn.relu(x))
    scores = Scores(self.classes, name='score')(x)
    stride = 2 ** len(self.depths)
    place = self.middle(stride)
    if self.around:
      place += stride * (self.side - 1) / 2
    scales = list(self.scales)
    for number in range(len(self.depths) - 1, 0, -1):
      if stride == self.stride:
        break
      up = upsampling.Upsample(2, self.upsampling, name=f'upsample_{number}')
      scores = up(scores)
      stride //= 2
      place -= 1.5 * stride
      scale = scales.pop(0) if scales else 1.0
      skip = Scores(self.classes, name=f'score_{number}')(scale * maps[number - 1])
      scores, skip = aligned(scores, skip, (place - self.middle(stride)) / stride)
      place = max(place, self.middle(stride))
      scores += skip
    up = upsampling.Upsample(stride, self.upsampling, name='upsample')
    place -= stride - 0.5
    return aligned(up(scores), image, place)[0]

  def middle(self, stride: int) -> float:
    """Returns the row of the image at the middle of the first place of a stage.

    The first convolution, of 3 x 3, drops one pixel on either side.
    """
    return (stride - 1) / 2 - max(self.around - 1, 0)


def aligned(a: Array, b: Array, ahead: float) -> tuple[Array, Array]:
  """Cuts two maps to the places that both have.

  Args:
    a, b: [B, H, W, C], of one stride.
    ahead: place of b at which a begins; if negative, b begins at -ahead of a.
  """
  start = round(ahead)
  assert start == ahead, f'maps lie {ahead} places apart'
  a, b = (
    a[:, max(-start, 0) :, max(-start, 0) :],
    b[:, max(start, 0) :, max(start, 0) :],
  )
  height, width = (min(pair) for pair in zip(a.shape[1:3], b.shape[1:3], strict=True))
  return a[:, :height, :width], b[:, :height, :width]


def small(classes: int, stride: int = 8, width: int = 16) -> FCN:
  """Returns a network for small images, which trains from random weights.

  Its convolutions are padded and have batch norm; the hidden ones, of 3 x 3 and 1 x 1,
  are as wide as the last stage.
  """
  own: dict[str, Any] = {'batch_norm': True, 'around': 0, 'side': 3, 'dropout': 0.0}
  return FCN(classes, stride, (1, 2, 2, 2, 1), width, hidden=8 * width, **own)
