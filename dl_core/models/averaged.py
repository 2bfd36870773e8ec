"""A convolutional network whose logits read the mean over all places.

Lin, Chen & Yan, "Network in network", 2014, https://arxiv.org/abs/1312.4400, section
3.2: global average pooling takes the place of dense layers, so a feature counts the
same wherever it is, and the network reads images of any size. Zhou et al. 2016
(https://arxiv.org/abs/1512.04150) found that such a network says where its class is:
the read-out may as well be taken of each place before the mean; see `interpret.cam`.

Shapes: B images, H x W places, C channels, F features of a stage, K classes.
"""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import convolution, norm, readout
from dl_core.types import Array

SCALE = 8.0  # of the last maps at first: means over all places hardly vary otherwise


class Stage(nn.Module):
  """A convolution, batch norm and ReLU.

  Attributes:
    features: F.
    size: side of the kernel.
    stride: from one output to the next.
    scale: initial scale of batch norm.
  """

  features: int
  size: int = 3
  stride: int = 1
  scale: float = 1.0

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps [B, H, W, C] to [B, H / stride, W / stride, F]."""
    x = convolution.Conv(
      self.features,
      (self.size, self.size),
      (self.stride, self.stride),
      use_bias=False,
      kernel_init=nn.initializers.he_normal(),
      name='convolution',
    )(x)
    start = nn.initializers.constant(self.scale)
    return nn.relu(
      norm.BatchNorm(not train, momentum=0.9, scale_init=start, name='norm')(x)
    )


class Averaged(nn.Module):
  """Convolutions with batch norm and ReLU, the mean over all places, a read-out.

  Kernels are 3 x 3, those of the first convolution larger by 2. Where a convolution
  halves the sides they are larger by 1: the middle of an even kernel at stride 2 lies
  where the middle of its place does, so that maps are not shifted against the image.

  Attributes:
    classes: K.
    widths: channels of each convolution.
    halving: how many of them, from the first on, halve the sides.
  """

  classes: int
  widths: Sequence[int] = (16, 32, 64, 64, 64)
  halving: int = 3

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, C] to logits [B, K]."""
    x = stages(x, self.widths, self.halving, SCALE, train)
    x = jnp.mean(x, axis=(1, 2))  # [B, C]
    return readout.Readout(self.classes, name='output')(x)


def stages(
  x: Array, widths: Sequence[int], halving: int, scale: float, train: bool
) -> Array:
  """Applies the convolutions inside of a compact method; see `Averaged`.

  Args:
    x: [B, H, W, C].
    widths, halving: see `Averaged`.
    scale: initial scale of the last batch norm.
    train: whether batch norm moves.
  """
  last = len(widths) - 1
  for number, width in enumerate(widths):
    halves = number < halving
    x = Stage(
      width,
      size=(3, 4)[halves] + 2 * (not number),
      stride=1 + halves,
      scale=scale if number == last else 1.0,
      name=f'stage_{number + 1}',
    )(x, train=train)
  return x
