"""VGG: deep stacks of 3 x 3 convolutions.

Simonyan & Zisserman, "Very deep convolutional networks for large-scale image
recognition", 2015, https://arxiv.org/abs/1409.1556. Two convolutions of 3 x 3 see as
much as one of 5 x 5, three as much as one of 7 x 7, with fewer parameters and more
non-linearities between. Members are columns A, B, D and E of table 1.

Shapes: B images, H x W places, C channels, K classes.
"""

import functools
from typing import Any

from flax import linen as nn

from dl_core.layers import convolution, norm, pooling, readout, squeeze
from dl_core.types import Array

he = nn.initializers.variance_scaling(2.0, 'fan_out', 'normal')
Conv = functools.partial(
  convolution.Conv,
  kernel_size=(3, 3),
  padding=((1, 1), (1, 1)),
  kernel_init=he,
)
GRID = 7  # places a side that the fully connected layers read


def stage(
  x: Array,
  number: int,
  depth: int,
  width: int,
  *,
  train: bool,
  norms: bool = False,
  gate: squeeze.Gate | None = None,
  around: int = 1,
) -> Array:
  """Applies the convolutions of a stage, in the compact method of a network.

  Args:
    x: [B, H, W, C].
    number: of the stage, from 1.
    depth: convolutions.
    width: channels of the first stage.
    train: whether it runs in training mode.
    norms: whether batch norm follows each convolution.
    gate: see `VGG`.
    around: pixels of zeros around what the first convolution reads.
  """
  features = width * min(2 ** (number - 1), 8)
  for layer in range(1, depth + 1):
    pad = around if layer == 1 else 1
    name = f'convolution_{number}_{layer}'
    x = Conv(features, padding=((pad, pad), (pad, pad)), name=name)(x)
    if norms:
      name = f'norm_{number}_{layer}'
      x = norm.BatchNorm(not train, momentum=0.9, epsilon=1e-5, name=name)(x)
    x = nn.relu(x)
    if gate is not None:
      x = gate(name=f'gate_{number}_{layer}')(x)
  return x


class VGG(nn.Module):
  """Stages of convolutions, each ending in max-pooling, then three dense layers.

  Attributes:
    depths: convolutions of each stage.
    classes: K.
    batch_norm: whether it follows each convolution (not in the paper).
    width: channels of the first stage; the last one has eight times as many, the dense
      layers 64 times.
    gate: what rescales the channels after each convolution, if anything.
    dropout: share of the dense layers' units that training leaves out.
  """

  depths: tuple[int, ...]
  classes: int = 1_000
  batch_norm: bool = False
  width: int = 64
  gate: squeeze.Gate | None = None
  dropout: float = 0.5

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, C], of sides of 32 at least, to logits [B, K]."""
    x = convolved(self, x, train)
    x = pooling.adaptive_mean(x, GRID)
    x = read(self, x, train)
    return readout.Readout(self.classes, name='output')(x)


def convolved(net: Any, x: Array, train: bool, last: bool = True) -> Array:
  """Applies the convolutions and poolings of a `VGG` in the scope of the caller.

  Args:
    net: whose attributes count.
    x: [B, H, W, C].
    train: whether it is training.
    last: whether the last stage, too, ends in pooling.
  """
  for number, depth in enumerate(net.depths, start=1):
    own = {'norms': net.batch_norm, 'gate': net.gate}
    x = stage(x, number, depth, net.width, train=train, **own)
    if last or number < len(net.depths):
      x = nn.max_pool(x, (2, 2), (2, 2))
  return x


def read(net: Any, x: Array, train: bool) -> Array:
  """Applies the first two dense layers of a `VGG` in the scope of the caller."""
  x = x.reshape(x.shape[0], -1)
  for number in (1, 2):
    x = nn.relu(nn.Dense(64 * net.width, name=f'dense_{number}')(x))
    x = nn.Dropout(net.dropout, deterministic=not train)(x)
  return x


VGG11 = functools.partial(VGG, (1, 1, 2, 2, 2))
VGG13 = functools.partial(VGG, (2, 2, 2, 2, 2))
VGG16 = functools.partial(VGG, (2, 2, 3, 3, 3))
VGG19 = functools.partial(VGG, (2, 2, 4, 4, 4))
MEMBERS = {11: VGG11, 13: VGG13, 16: VGG16, 19: VGG19}
