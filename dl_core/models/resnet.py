"""ResNet: each block adds a learned correction to its input.

He, Zhang, Ren & Sun, "Deep residual learning for image recognition", 2016,
https://arxiv.org/abs/1512.03385. A block computes a correction F(x) and says x + F(x);
where nothing needs correcting it has only to be 0. Without the shortcuts, nets of more
than about 20 layers train worse the deeper they are: the degradation that the paper
begins with, which is not overfitting.

`ResNet` with `stem='imagenet'` are the networks of table 1, with `stem='cifar'` those
of section 4.2. As in torchvision, a bottleneck strides in its 3 x 3 convolution, not in
the 1 x 1 before it ("v1.5"); the count of parameters is the same. `stem='caffe'` with
`Early` bottlenecks is as it was in 2015, which the first SE-ResNets are too. The
"layers" that name a member are those with weights: convolutions and the last one,
shortcuts aside.

Shapes: B images, H x W places, C channels, F features of a block, K classes.
"""

import functools
from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import convolution, norm, pooling, readout, squeeze
from dl_core.layers.cpu import eigen
from dl_core.types import Array

he = nn.initializers.variance_scaling(2.0, 'fan_out', 'normal')
Conv = functools.partial(convolution.Conv, use_bias=False, kernel_init=he)
Norm = functools.partial(norm.BatchNorm, momentum=0.9, epsilon=1e-5)
summed = eigen.materialised(lambda x, y: nn.relu(x + y))


def square(size: int) -> dict[str, Any]:
  """Returns the settings of a kernel that keeps the middle of what it reads.

  Padding is the same on all sides, as in PyTorch; 'SAME' would not be at stride 2.
  """
  pad = (size - 1) // 2
  return {'kernel_size': (size, size), 'padding': ((pad, pad), (pad, pad))}


class Shortcut(nn.Module):
  """What a block adds its correction to, where that has another shape than its input.

  Attributes:
    features: F.
    stride: of the block.
    option: 'A' drops every other place and adds channels of zeros; 'B' is a 1 x 1
      convolution with batch norm (section 3.3 of the paper).
  """

  features: int
  stride: int
  option: str

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps [B, H, W, C] to [B, H/stride, W/stride, F]."""
    if self.option == 'A':
      more = self.features - x.shape[-1]
      channels = (more // 2, more - more // 2)
      x = x[:, :: self.stride, :: self.stride]
      return jnp.pad(x, ((0, 0), (0, 0), (0, 0), channels))
    strides = (self.stride, self.stride)
    x = Conv(self.features, (1, 1), strides, 'VALID', name='convolution')(x)
    return Norm(not train, name='norm')(x)


class Basic(nn.Module):
  """Two convolutions of 3 x 3.

  Attributes:
    width: F.
    stride: of the first convolution.
    shortcut: 'A' or 'B', see `Shortcut`; 'none' leaves it out everywhere, which makes a
      plain net.
    gate: what rescales the correction, if anything.
  """

  width: int
  stride: int = 1
  shortcut: str = 'B'
  gate: squeeze.Gate | None = None

  expansion = 1

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    strides = (self.stride, self.stride)
    y = Conv(self.width, strides=strides, name='convolution_1', **square(3))(x)
    y = nn.relu(Norm(not train, name='norm_1')(y))
    y = Conv(self.width, name='convolution_2', **square(3))(y)
    y = Norm(not train, name='norm_2')(y)
    return joined(self, x, y, train)


class Bottleneck(nn.Module):
  """1 x 1 to few channels, 3 x 3 among them, 1 x 1 to four times these.

  Attributes:
    width, stride, shortcut, gate: see `Basic`.
    early: whether it strides in the first convolution instead of the second.
    dilation: of the second convolution; above 1 nothing strides.
  """

  width: int
  stride: int = 1
  shortcut: str = 'B'
  gate: squeeze.Gate | None = None
  early: bool = False
  dilation: int = 1

  expansion = 4

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    one, strides = (1, 1), (self.stride, self.stride)
    first, second = (strides, one) if self.early else (one, strides)
    y = Conv(self.width, strides=first, name='convolution_1', **square(1))(x)
    y = nn.relu(Norm(not train, name='norm_1')(y))
    own = square(3) | {'name': 'convolution_2'}
    if self.dilation > 1:
      own |= {'dilation': self.dilation, 'padding': ((self.dilation,) * 2,) * 2}
    y = Conv(self.width, strides=second, **own)(y)
    y = nn.relu(Norm(not train, name='norm_2')(y))
    y = Conv(4 * self.width, name='convolution_3', **square(1))(y)
    y = Norm(not train, name='norm_3')(y)
    return joined(self, x, y, train)


Early = functools.partial(Bottleneck, early=True)


def joined(block: Any, x: Array, y: Array, train: bool) -> Array:
  """Applies the end of a block: the gate, the shortcut, the sum, ReLU."""
  if block.gate is not None:
    y = block.gate(name='gate')(y)
  if block.shortcut == 'none':
    return nn.relu(y)
  if x.shape != y.shape:
    shortcut = Shortcut(y.shape[-1], block.stride, block.shortcut, name='shortcut')
    x = shortcut(x, train=train)
  return summed(x, y)


def stem(x: Array, kind: str, width: int, train: bool) -> Array:
  """Applies what comes before the stages, in the compact method of a network.

  Args:
    x: images [B, H, W, C].
    kind: see `ResNet`; or 'deep', three convolutions of 3 x 3 in place of the one of
      7 x 7, the last of which has twice the channels.
    width: of the first stage.
    train: whether it runs in training mode.
  """
  size, stride = (3, 1) if kind == 'cifar' else (3, 2) if kind == 'deep' else (7, 2)
  strides = (stride, stride)
  x = Conv(width, strides=strides, name='convolution', **square(size))(x)
  x = nn.relu(Norm(not train, name='norm')(x))
  if kind == 'deep':
    for number, features in ((2, width), (3, 2 * width)):
      x = Conv(features, name=f'convolution_{number}', **square(3))(x)
      x = nn.relu(Norm(not train, name=f'norm_{number}')(x))
  if kind in ('imagenet', 'deep'):
    x = nn.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)))
  elif kind == 'caffe':
    x = pooling.halved(x, 3)
  return x


class ResNet(nn.Module):
  """A stem, stages of blocks, the mean over all places, a linear read-out.

  Each stage but the first halves the sides; each has twice the width of the last.

  Attributes:
    depths: blocks of each stage.
    block: `Basic` or `Bottleneck`.
    classes: K.
    width: of the first stage.
    stem: 'imagenet', 7 x 7 at stride 2 and max-pooling of 3 x 3 at stride 2; 'caffe',
      the same but for where the windows of the pooling lie; or 'cifar', 3 x 3.
    shortcut, gate: see `Basic`.
  """

  depths: tuple[int, ...]
  block: Any = Basic
  classes: int = 1_000
  width: int = 64
  stem: str = 'imagenet'
  shortcut: str = 'B'
  gate: squeeze.Gate | None = None

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, C] to logits [B, K]."""
    x = stem(x, self.stem, self.width, train)
    x = stages(self, x, train)
    x = jnp.mean(x, axis=(1, 2))  # [B, F]
    return readout.Readout(self.classes, name='output')(x)


def stages(
  net: Any, x: Array, train: bool, first: int = 0, last: int | None = None
) -> Array:
  """Applies stages of a `ResNet` in the scope of the caller.

  They are counted from 0; the last one is excluded, None is none.
  """
  for stage, depth in list(enumerate(net.depths))[first:last]:
    for number in range(depth):
      block = net.block(
        net.width * 2**stage,
        stride=2 if stage and not number else 1,
        shortcut=net.shortcut,
        gate=net.gate,
        name=f'stage_{stage + 1}_block_{number + 1}',
      )
      x = block(x, train=train)
  return x


ResNet18 = functools.partial(ResNet, (2, 2, 2, 2))
ResNet34 = functools.partial(ResNet, (3, 4, 6, 3))
ResNet50 = functools.partial(ResNet, (3, 4, 6, 3), block=Bottleneck)
ResNet101 = functools.partial(ResNet, (3, 4, 23, 3), block=Bottleneck)
ResNet152 = functools.partial(ResNet, (3, 8, 36, 3), block=Bottleneck)
MEMBERS = {18: ResNet18, 34: ResNet34, 50: ResNet50, 101: ResNet101, 152: ResNet152}


def cifar(depth: int, **settings: Any) -> ResNet:
  """Returns the network of section 4.2 with 6n + 2 layers: 20, 32, 44, 56, 110, 1202.

  Raises:
    ValueError: `depth` is none of these.
  """
  blocks, rest = divmod(depth - 2, 6)
  if rest or blocks < 1:
    raise ValueError(f'{depth=} is not 6n + 2 for any n of at least 1')
  own: dict[str, Any] = {'classes': 10, 'width': 16, 'stem': 'cifar', 'shortcut': 'A'}
  return ResNet((blocks,) * 3, **own | settings)
