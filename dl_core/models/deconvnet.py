"""DeconvNet: pooling keeps the places of its maxima, and unpooling restores them.

Noh, Hong & Han, "Learning deconvolution network for semantic segmentation", 2015,
https://arxiv.org/abs/1505.04366. A mirrored VGG16 leads from one vector of the whole
image back to a map as large as the image: each unpooling puts a value where the pooling
of the same level found its maximum, and convolutions fill the gaps. So edges are more
exact than by upsampling alone.

Shapes: B images, H x W pixels, C channels, K classes, S stages.
"""

import functools
from collections.abc import Sequence

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import convolution, norm, pooling, readout
from dl_core.models import vgg
from dl_core.types import Array

Norm = functools.partial(norm.BatchNorm, momentum=0.9, epsilon=1e-5)
DEPTHS = (2, 2, 3, 3, 3)
PLACES = ('stored', 'corner')


class DeconvNet(nn.Module):
  """The network of table 2.

  Its "deconvolutions" at stride 1 equal convolutions with flipped kernels, and are
  convolutions here.

  Attributes:
    classes: K.
    depths: convolutions of each stage; the mirrored stages have as many, but the first
      one of each keeps the channels of its stage, and the last one has those of the
      stage before.
    width: channels of the first stage.
    hidden: channels of the two layers between; 0: 64 times the width.
    side: of the kernels that lead to these layers and back; 0: as large as the map, as
      in the paper, 7 for images of 224 pixels.
    places: where unpooling puts a value: where the maximum was ('stored'), or in the
      upper left corner of its window ('corner').
    batch_norm: whether it follows every convolution but the last.
  """

  classes: int
  depths: Sequence[int] = DEPTHS
  width: int = 64
  hidden: int = 0
  side: int = 0
  places: str = 'stored'
  batch_norm: bool = True

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, C] to logits [B, H, W, K]; H and W are divisible by 2^S."""
    wide = lambda number: self.width * min(2 ** (number - 1), 8)
    kept = []
    for number, depth in enumerate(self.depths, start=1):
      x = vgg.stage(x, number, depth, self.width, train=train, norms=self.batch_norm)
      x, places = pooling.with_places(x)
      kept.append(places if self.places == 'stored' else jnp.zeros_like(places))
    rows, columns = x.shape[1:3]
    hidden, last = self.hidden or 64 * self.width, wide(len(self.depths))

    def normed(x, name):
      return nn.relu(Norm(not train, name=f'{name}_norm')(x) if self.batch_norm else x)

    conv = functools.partial(convolution.Conv, kernel_init=vgg.he)
    sides = (self.side, self.side) if self.side else (rows, columns)
    padding = 'SAME' if self.side else 'VALID'
    x = normed(conv(hidden, sides, padding=padding, name='hidden_1')(x), 'hidden_1')
    x = normed(conv(hidden, (1, 1), name='hidden_2')(x), 'hidden_2')
    spread = Spread(last, sides, self.side > 0, name='spread')
    x = normed(spread(x), 'spread')
    for number in range(len(self.depths), 0, -1):
      x = pooling.unpooled(x, kept[number - 1])
      depth = self.depths[number - 1]
      for layer in range(depth, 0, -1):
        ends = layer == 1 and number > 1
        features = wide(number - 1) if ends else wide(number)
        name = f'mirrored_{number}_{layer}'
        x = normed(vgg.Conv(features, name=name)(x), name)
    return readout.Readout(self.classes, name='output')(x)


class Spread(nn.Module):
  """A transposed convolution at stride 1.

  Parameters: `kernel` [h, w, C, F], in the orientation of PyTorch, and `bias` [F].

  Attributes:
    features: F.
    sides: (h, w) of the kernel.
    padded: whether the map keeps its sides; else it is of 1 x 1 and becomes as large as
      the kernel.
  """

  features: int
  sides: tuple[int, int]
  padded: bool = False

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, C] to [B, H, W, F], or [B, 1, 1, C] to [B, h, w, F]."""
    shape = (*self.sides, x.shape[-1], self.features)
    kernel = self.param('kernel', vgg.he if self.padded else he_of_one, shape)
    bias = self.param('bias', nn.initializers.zeros, (self.features,))
    x, kernel, bias = nn.dtypes.promote_dtype(x, kernel, bias)
    if self.padded:
      return convolution.convolve(x, kernel[::-1, ::-1], bias, padding='SAME')
    return jnp.einsum('bc,hwcf->bhwf', x[:, 0, 0], kernel) + bias[None, None, None]


# Each unit reads one place of C channels, whatever the kernel's sides are.
he_of_one = nn.initializers.variance_scaling(
  2.0, 'fan_in', 'normal', in_axis=2, out_axis=3, batch_axis=(0, 1)
)
