"""CycleGAN: two generators that translate images between two domains, and two critics.

Zhu, Park, Isola & Efros, "Unpaired image-to-image translation using cycle-consistent
adversarial networks", 2017, https://arxiv.org/abs/1703.10593. No image has a partner in
the other domain: a critic judges whether a translation looks like its domain, and the
translation back must return the image. Layers are those of section 7.2; instance norm
has no parameters and no running statistics, so the convolutions keep their biases.

Shapes: B images, S pixels of a side, C channels, P patches of a side.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import convolution, norm, upsampling
from dl_core.types import Array

INIT = nn.initializers.normal(0.02)
Conv = functools.partial(convolution.Conv, kernel_init=INIT)


class Cycle(NamedTuple):
  """All players; images [B, S, S, C] of both domains are in [-1, 1].

  Attributes:
    there: generator that maps images of the first domain to the second.
    back: generator that maps images of the second domain to the first.
    first: critic of images of the first domain: images -> scores [B, P, P], 1 where a
      patch looks real, 0 where it does not.
    second: critic of images of the second domain.
  """

  there: nn.Module
  back: nn.Module
  first: nn.Module
  second: nn.Module


def make(channels: int = 3, width: int = 64, blocks: int = 9, layers: int = 3) -> Cycle:
  """Makes the players; those of a kind are alike. The defaults are the paper's.

  Args:
    channels: C.
    width: maps of the outermost layers.
    blocks: residual blocks of a generator; 6 in the paper below 256 pixels.
    layers: strided layers of a critic; 3 let a score see 70 x 70 pixels, 2 let it see
      34 x 34, 1 lets it see 16 x 16.
  """
  generator = Generator(channels, width, blocks)
  critic = Critic(width, layers)
  return Cycle(generator, generator.clone(), critic, critic.clone())


class Generator(nn.Module):
  """c7s1-64, d128, d256, residual blocks, u128, u64, c7s1-3, in the paper's words.

  Attributes:
    channels: C.
    width: maps at full size.
    blocks: residual blocks, at a quarter of the side.
  """

  channels: int = 3
  width: int = 64
  blocks: int = 9

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, S, S, C], S a multiple of 4, to images of the same shape."""
    del train
    width = self.width
    y = shaped(Conv(width, (7, 7), padding='VALID', name='first')(mirrored(x, 3)))
    for n in (1, 2):
      y = Conv(width * 2**n, (3, 3), (2, 2), BORDER, name=f'down_{n}')(y)
      y = shaped(y)
    for n in range(1, self.blocks + 1):
      y = Residual(name=f'block_{n}')(y)
    for n in (1, 2):
      y = upsampling.Doubled(width * 2 // n, kernel_init=INIT, name=f'up_{n}')(y)
      y = shaped(y)
    y = Conv(self.channels, (7, 7), padding='VALID', name='last')(mirrored(y, 3))
    return jnp.tanh(y)


class Residual(nn.Module):
  """Adds two 3 x 3 convolutions on mirrored borders; no ReLU after the sum."""

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, F] to the same shape."""
    conv = functools.partial(Conv, x.shape[-1], (3, 3), padding='VALID')
    y = shaped(conv(name='convolution_1')(mirrored(x, 1)))
    return x + norm.instance(conv(name='convolution_2')(mirrored(y, 1)))


class Critic(nn.Module):
  """PatchGAN: scores overlapping patches of an image (Isola et al. 2017).

  https://arxiv.org/abs/1611.07004, section 3.2.2.

  Attributes:
    width: maps of the first layer; they double with every layer up to 8 times as many.
    layers: layers of stride 2.
  """

  width: int = 64
  layers: int = 3

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, S, S, C] to scores [B, P, P]."""
    del train
    leaky = functools.partial(nn.leaky_relu, negative_slope=0.2)
    for n in range(self.layers + 1):
      stride = 2 if n < self.layers else 1
      features = self.width * min(2**n, 8)
      x = Conv(features, (4, 4), (stride, stride), BORDER, name=f'layer_{n + 1}')(x)
      x = leaky(norm.instance(x) if n else x)
    return Conv(1, (4, 4), padding=BORDER, name='output')(x)[..., 0]


BORDER = ((1, 1), (1, 1))


def mirrored(x: Array, border: int) -> Array:
  """Pads maps [B, H, W, F] by their reflection; the edge itself is not repeated."""
  sides = (border, border)
  return jnp.pad(x, ((0, 0), sides, sides, (0, 0)), mode='reflect')


def shaped(x: Array) -> Array:
  return jax.nn.relu(norm.instance(x))
