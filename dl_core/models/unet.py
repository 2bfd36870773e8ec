"""U-Net: a contracting path for context, an expanding path for location.

Ronneberger, Fischer & Brox, "U-Net: Convolutional networks for biomedical image
segmentation", 2015, https://arxiv.org/abs/1505.04597. Each level of the expanding path
doubles the sides of the map and joins to it the map of the same level of the
contracting one. In the paper nothing is padded: a network of five levels predicts
the classes of the pixels that are at least 92 from the edge of its input, for which it
sees the whole context, so that an image of any size can be segmented tile by tile.

Shapes: B images, H x W pixels, C channels, K classes, L levels.
"""

import functools
from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import convolution, norm, readout, upsampling
from dl_core.types import Array

# N(0, 2 / N) with N incoming values of a unit (section 3 of the paper).
he = nn.initializers.variance_scaling(2.0, 'fan_in', 'normal')
Norm = functools.partial(norm.BatchNorm, momentum=0.9, epsilon=1e-5)


class UNet(nn.Module):
  """U-Net; by default that of the paper.

  Attributes:
    classes: K.
    levels: L.
    width: channels of the first level; each has twice those of the one above.
    padded: whether convolutions are padded, so that the output is as large as the
      input; else every pair of them takes 2 pixels from each side.
    batch_norm: whether batch norm follows each convolution of 3 x 3, in place of its
      bias.
    up: how maps are upsampled: 'transposed', by a convolution of 2 x 2 at stride 2 that
      halves the channels; 'bilinear', without parameters, for which the lowest level
      and those of the expanding path have half the channels; 'nearest', by repetition
      and a convolution of 2 x 2 with ReLU.
    head: channels of one more convolution of 3 x 3 before the last; 0: none.
    skips: whether maps of the contracting path are joined.
    dropout: dropout rate at the end of the contracting path.
  """

  classes: int
  levels: int = 5
  width: int = 64
  padded: bool = False
  batch_norm: bool = False
  up: str = 'transposed'
  head: int = 0
  skips: bool = True
  dropout: float = 0.5

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, C] to logits [B, H - m, W - m, K]; see `margin`.

    Raises:
      ValueError: H or W does not fit; see `nearest`.
    """
    for side in x.shape[1:3]:
      if not fits(side, self.levels, self.padded):
        raise ValueError(f'{side} pixels a side do not fit; see unet.nearest')
    maps = []
    for level in range(1, self.levels + 1):
      if level > 1:
        x = nn.max_pool(x, (2, 2), (2, 2))
      lowest = level == self.levels
      features = self.width * 2 ** (level - 1)
      features //= 2 if lowest and self.up == 'bilinear' else 1
      x = self.pair(x, f'down_{level}', features, features, train)
      if level >= self.levels - 1:
        x = nn.Dropout(self.dropout, deterministic=not train)(x)
      maps.append(x)
    for level in range(self.levels - 1, 0, -1):
      features = self.width * 2 ** (level - 1)
      x = self.upsampled(x, level, features)
      if self.skips:
        x = jnp.concatenate([middle(maps[level - 1], x), x], axis=-1)
      first = features
      if self.up == 'bilinear':
        features //= 2 if level > 1 else 1
      x = self.pair(x, f'up_{level}', first, features, train)
    if self.head:
      x = nn.relu(self.convolved(x, 'head', self.head))
    return readout.Readout(self.classes, name='output')(x)

  def pair(self, x: Array, name: str, first: int, second: int, train: bool) -> Array:
    """Applies two convolutions of 3 x 3 with ReLU."""
    for number, features in ((1, first), (2, second)):
      x = self.convolved(x, f'{name}_{number}', features, bias=not self.batch_norm)
      if self.batch_norm:
        x = Norm(not train, name=f'{name}_{number}_norm')(x)
      x = nn.relu(x)
    return x

  def convolved(
    self, x: Array, name: str, features: int, side: int = 3, bias: bool = True
  ) -> Array:
    padding = 'SAME' if self.padded else 'VALID'
    return convolution.Conv(
      features, (side, side), padding=padding, use_bias=bias, kernel_init=he, name=name
    )(x)

  def upsampled(self, x: Array, level: int, features: int) -> Array:
    """Doubles the sides of a map."""
    if self.up == 'transposed':
      return upsampling.Transposed(features, kernel_init=he, name=f'double_{level}')(x)
    sides = (2 * x.shape[1], 2 * x.shape[2])
    if self.up == 'bilinear':
      return upsampling.resized(x, sides, corners=True)
    x = jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)
    x = convolution.Conv(
      features, (2, 2), padding='SAME', kernel_init=he, name=f'double_{level}'
    )(x)
    return nn.relu(x)


def middle(x: Array, like: Array) -> Array:
  """Cuts the middle of maps [B, H, W, C] to the sides of others."""
  starts = [(a - b) // 2 for a, b in zip(x.shape[1:3], like.shape[1:3], strict=True)]
  ends = [n + side for n, side in zip(starts, like.shape[1:3], strict=True)]
  return x[:, starts[0] : ends[0], starts[1] : ends[1]]


def margin(levels: int, padded: bool = False) -> int:
  """Returns the number m of pixels by which the output is smaller: 184 in the paper."""
  if padded:
    return 0
  # Two convolutions at each level down, and but for the lowest one up, take 4 pixels.
  return sum(
    4 * 2**level * (1 if level == levels - 1 else 2) for level in range(levels)
  )


def nearest(side: int, levels: int, padded: bool = False) -> tuple[int, ...]:
  """Returns `side` alone where it fits, or else the nearest sides that do.

  Every map that is pooled needs even sides. Padded, multiples of 2^(L - 1) fit; in the
  paper 188 and what is a multiple of 16 larger, such as 572.
  """
  if fits(side, levels, padded):
    return (side,)
  step = 2 ** (levels - 1)
  least = margin(levels, padded) + step
  below = (each for each in range(side - 1, side - step, -1))
  above = (each for each in range(side + 1, max(side, least) + step + 1))
  found = (
    next((n for n in way if fits(n, levels, padded)), 0) for way in (below, above)
  )
  return tuple(filter(None, found))


def fits(side: int, levels: int, padded: bool = False) -> bool:
  """Returns whether every map that is pooled has even sides, and an output is left."""
  lost, less = 0 if padded else 4, margin(levels, padded)
  if side <= less:
    return False
  for _ in range(levels - 1):
    side -= lost
    if side % 2 or side <= 0:
      return False
    side //= 2
  return side > lost


FORMS: dict[str, dict[str, Any]] = {
  'padded': {'padded': True, 'batch_norm': True},  # milesial/Pytorch-UNet
  'paper': {},
  'keras': {'padded': True, 'up': 'nearest', 'head': 2},  # zhixuhao/unet
}
