"""Classifiers cut in two for a detector: a trunk and a head.

A trunk maps images to maps, a head reads regions that are pooled from them. Their
parameters have the names of the classifier's, so that they are taken from its runs and
its files.

Shapes: B images, H x W pixels, h x w places of a map, C channels of it, R regions of
P x P bins, D features.
"""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
from flax import linen as nn

from dl_core.models import averaged, resnet, vgg
from dl_core.types import Array


class SmallTrunk(nn.Module):
  """The convolutions of `averaged.Averaged`.

  Attributes:
    widths, halving: see there; the stride is 2^halving.
  """

  widths: Sequence[int] = (16, 32, 64, 64)
  halving: int = 2

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, 3] to [B, h, w, C]."""
    return averaged.stages(x, self.widths, self.halving, 1.0, train)


class SmallHead(nn.Module):
  """Two dense layers.

  Attributes:
    width: units of each.
  """

  width: int = 128

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps regions [R, P, P, C] to features [R, width]."""
    del train
    x = x.reshape(len(x), -1)
    for number in (1, 2):
      init = nn.initializers.he_normal()
      x = nn.relu(nn.Dense(self.width, kernel_init=init, name=f'dense_{number}')(x))
    return x


class VGGTrunk(nn.Module):
  """The convolutions of a VGG without its last pooling: stride 16.

  Attributes:
    member: () -> the `vgg.VGG`.
  """

  member: Callable[..., vgg.VGG]

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, 3] to [B, H/16, W/16, 512]."""
    return vgg.convolved(self.member(parent=None), x, train, last=False)


class VGGHead(nn.Module):
  """The dense layers of a VGG before its read-out.

  Attributes:
    member: () -> the `vgg.VGG`.
  """

  member: Callable[..., vgg.VGG]

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps regions [R, 7, 7, 512] to features [R, 4096]."""
    return vgg.read(self.member(parent=None), x, train)


class ResNetTrunk(nn.Module):
  """The stem and all stages of a ResNet but the last one: stride 16.

  Batch norm stays as the classifier's training left it, as a step sees few images; it
  is always in evaluation mode.

  Attributes:
    member: () -> the `resnet.ResNet`.
  """

  member: Callable[..., resnet.ResNet]

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, 3] to [B, H/16, W/16, C]."""
    del train
    net = self.member(parent=None)
    x = resnet.stem(x, net.stem, net.width, False)
    return resnet.stages(net, x, False, last=len(net.depths) - 1)


class ResNetHead(nn.Module):
  """The last stage of a ResNet and the mean over all places.

  Attributes:
    member: () -> the `resnet.ResNet`.
  """

  member: Callable[..., resnet.ResNet]

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps regions [R, P, P, C] to features [R, 2 C]."""
    del train
    net = self.member(parent=None)
    x = resnet.stages(net, x, False, first=len(net.depths) - 1)
    return jnp.mean(x, axis=(1, 2))
