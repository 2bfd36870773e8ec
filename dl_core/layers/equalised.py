"""Layers at an equalised learning rate: weights of N(0, 1), scaled when they are used.

Karras et al. 2018, https://arxiv.org/abs/1710.10196, section 4.1: Adam's steps are
about equally large for all weights, so all weights should be of the same size. The
factor, gain / √(inputs of a unit), is the standard deviation of He et al. 2015.

Shapes: B examples, n inputs, F units or features, H x W places, C channels.
"""

import math

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import convolution
from dl_core.types import Array

RECTIFIED = math.sqrt(2)  # the gain before a (leaky) ReLU


class Dense(nn.Module):
  """Linear layer. Parameters: `kernel` [n, F], `bias` [F].

  Attributes:
    features: F.
    gain: of the weights.
    rate: multiplies the learning rate; the parameters are stored divided by it.
  """

  features: int
  gain: float = RECTIFIED
  rate: float = 1.0

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, n] to [B, F]."""
    inputs = x.shape[-1]
    begin = nn.initializers.normal(1 / self.rate)
    kernel = self.param('kernel', begin, (inputs, self.features))
    bias = self.param('bias', nn.initializers.zeros, (self.features,))
    factor = self.gain / math.sqrt(inputs) * self.rate
    return x @ kernel * factor + bias[None] * self.rate


class Conv(nn.Module):
  """Convolution at stride 1 that keeps the sides. Parameters: `kernel`, `bias` [F].

  Attributes:
    features: F.
    side: of the kernel, odd.
    gain: of the weights.
    use_bias: whether to add a bias.
  """

  features: int
  side: int = 3
  gain: float = RECTIFIED
  use_bias: bool = True

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, C] to [B, H, W, F]."""
    shape = (self.side, self.side, x.shape[-1], self.features)
    kernel = self.param('kernel', nn.initializers.normal(1.0), shape)
    kernel = kernel * (self.gain / math.sqrt(math.prod(shape[:-1])))
    bias = jnp.zeros(self.features, kernel.dtype)
    if self.use_bias:
      bias = self.param('bias', nn.initializers.zeros, (self.features,))
    if self.side == 1:
      return x @ kernel[0, 0] + bias[None, None, None]
    return convolution.convolve(x, kernel, bias)
