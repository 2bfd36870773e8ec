"""GoogLeNet: Inception modules of parallel convolutions with 1 x 1 reductions.

Szegedy et al., "Going deeper with convolutions", 2015,
https://arxiv.org/abs/1409.4842. An Inception module looks at a map with kernels of 1,
3 and 5 and with pooling at once; 1 x 1 convolutions before the larger ones keep it
cheap. Two auxiliary classifiers half-way push gradients into the lower layers.

Variants: 'paper' has biases and normalises responses, as of 2014; 'bn' has batch norm
in the place of both; 'torchvision' is that with a 3 x 3 kernel where the paper has 5 x
5 (an error that its weights have frozen, https://github.com/pytorch/vision/issues/906).

Shapes: B images, H x W places, C channels, K classes.
"""

import functools
from typing import NamedTuple

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import convolution, norm, pooling, readout, squeeze
from dl_core.models.alexnet import response_normalised
from dl_core.types import Array

VARIANTS = ('paper', 'bn', 'torchvision')


class Widths(NamedTuple):
  """Channels of an Inception module, a row of table 1.

  Attributes:
    one: of the 1 x 1 kernels.
    before_three, three, before_five, five: of the reductions and of what follows them.
    pooled: of the 1 x 1 kernels after pooling.
  """

  one: int
  before_three: int
  three: int
  before_five: int
  five: int
  pooled: int


MODULES = {
  '3a': Widths(64, 96, 128, 16, 32, 32),
  '3b': Widths(128, 128, 192, 32, 96, 64),
  '4a': Widths(192, 96, 208, 16, 48, 64),
  '4b': Widths(160, 112, 224, 24, 64, 64),
  '4c': Widths(128, 128, 256, 24, 64, 64),
  '4d': Widths(112, 144, 288, 32, 64, 64),
  '4e': Widths(256, 160, 320, 32, 128, 128),
  '5a': Widths(256, 160, 320, 32, 128, 128),
  '5b': Widths(384, 192, 384, 48, 128, 128),
}
AUXILIARY = ('4a', '4d')  # the modules that auxiliary classifiers read


class Unit(nn.Module):
  """A convolution and ReLU, with batch norm between them or a bias.

  Attributes:
    features: F.
    size: of the kernel, which keeps the middle of what it reads.
    stride: from one output to the next.
    batch_norm: in the place of a bias.
  """

  features: int
  size: int = 1
  stride: int = 1
  batch_norm: bool = False

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    pad = (self.size - 1) // 2
    x = convolution.Conv(
      self.features,
      (self.size, self.size),
      (self.stride, self.stride),
      ((pad, pad), (pad, pad)),
      use_bias=not self.batch_norm,
      name='convolution',
    )(x)
    if self.batch_norm:
      x = norm.BatchNorm(not train, momentum=0.9, epsilon=1e-3, name='norm')(x)
    return nn.relu(x)


class Inception(nn.Module):
  """Four looks at the same map, their channels side by side; figure 2b.

  Attributes:
    widths: channels.
    five: the size of the largest kernel.
    batch_norm: see `Unit`.
  """

  widths: Widths
  five: int = 5
  batch_norm: bool = False

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps [B, H, W, C] to [B, H, W, sum of the four widths]."""
    w = self.widths

    def look(x, features, size, name):
      unit = Unit(features, size, batch_norm=self.batch_norm, name=name)
      return unit(x, train=train)

    pooled = nn.max_pool(x, (3, 3), (1, 1), ((1, 1), (1, 1)))
    looks = [
      look(x, w.one, 1, 'one'),
      look(look(x, w.before_three, 1, 'before_three'), w.three, 3, 'three'),
      look(look(x, w.before_five, 1, 'before_five'), w.five, self.five, 'five'),
      look(pooled, w.pooled, 1, 'pooled'),
    ]
    return jnp.concatenate(looks, axis=-1)


class Auxiliary(nn.Module):
  """A classifier of a map half-way up; section 5 of the paper.

  Attributes:
    classes: K.
    batch_norm: see `Unit`.
    reduced, dense: channels of its convolution, units of its dense layer.
  """

  classes: int
  batch_norm: bool = False
  reduced: int = 128
  dense: int = 1_024

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps [B, H, W, C] to logits [B, K]."""
    x = pooling.adaptive_mean(x, 4)
    x = Unit(self.reduced, batch_norm=self.batch_norm, name='reduce')(x, train=train)
    x = nn.relu(nn.Dense(self.dense, name='dense')(x.reshape(x.shape[0], -1)))
    x = nn.Dropout(0.7, deterministic=not train)(x)
    return readout.Readout(self.classes, name='output')(x)


class GoogLeNet(nn.Module):
  """22 layers with weights.

  Attributes:
    classes: K.
    variant: one of `VARIANTS`.
    aux: whether there are auxiliary classifiers.
    width: channels and units, times those of the paper.
    gate: what rescales the channels after each module, if anything.
    dropout: share of the last features that training leaves out.
  """

  classes: int = 1_000
  variant: str = 'paper'
  aux: bool = False
  width: float = 1.0
  gate: squeeze.Gate | None = None
  dropout: float = 0.4

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array | tuple[Array, ...]:
    """Maps images [B, H, W, C], of sides of 32 at least, to logits [B, K].

    In training, auxiliary logits of the same shape follow, those of 4a and of 4d.
    """
    normalised = self.variant != 'paper'
    times = lambda number: max(1, round(number * self.width))
    unit = functools.partial(Unit, batch_norm=normalised)
    # Windows that reach beyond the map count, as in the paper's own framework.
    pool = functools.partial(pooling.halved, size=3)
    x = pool(unit(times(64), 7, 2, name='convolution_1')(x, train=train))
    x = x if normalised else response_normalised(x)
    x = unit(times(64), 1, name='before_convolution_2')(x, train=train)
    x = unit(times(192), 3, name='convolution_2')(x, train=train)
    x = pool(x if normalised else response_normalised(x))
    others = []
    for name, widths in MODULES.items():
      if name == '4a':
        x = pool(x)
      if name == '5a':
        x = pooling.halved(x, size=2 if self.variant == 'torchvision' else 3)
      five = 3 if self.variant == 'torchvision' else 5
      own = Widths(*map(times, widths))
      x = Inception(own, five, normalised, name=f'inception_{name}')(x, train=train)
      if self.gate is not None:
        x = self.gate(name=f'gate_{name}')(x)
      if self.aux and name in AUXILIARY:
        judge = Auxiliary(
          self.classes, normalised, times(128), times(1_024), name=f'auxiliary_{name}'
        )
        others.append(judge(x, train=train))
    x = jnp.mean(x, axis=(1, 2))
    x = nn.Dropout(self.dropout, deterministic=not train)(x)
    logits = readout.Readout(self.classes, name='output')(x)
    return (logits, *others) if others and train else logits
