"""LeNet-5: a convolutional network for digits, as taught today and as of 1998.

LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document
recognition", 1998, https://doi.org/10.1109/5.726791. Each convolution looks for local
features, each sub-sampling ("soft sampling", as lectures have it, is a slip for that)
forgets exactly where they were; what is left, 120 features of the whole image, is
classified by a small perceptron. Layers bear the paper's names.

`LeNet` is the network as it is taught today (ReLU, max-pooling, a linear read-out);
`LeNet1998` is the paper's own, to the last of its 60,000 trainable parameters.

Shapes: B images, C channels of an image, K classes.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.layers import convolution, readout
from dl_core.types import Array


class LeNet(nn.Module):
  """LeNet-5 with ReLU, max-pooling and full connections: 61,706 parameters if C = 1.

  Attributes:
    classes: K, the number of logits.
    channels: maps of C1; C3 has 16 for every 6 of them.
  """

  classes: int = 10
  channels: int = 6

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, 32, 32, C] to logits [B, K]."""
    del train  # it does in training what it does in evaluation
    # ReLU after max-pooling, which are the same in either order, is on fewer numbers.
    layer = functools.partial(
      convolution.Conv, kernel_size=(5, 5), padding='VALID', pool=(2, 2)
    )
    x = nn.relu(layer(self.channels, name='C1')(x))  # [B, 14, 14, 6]
    x = nn.relu(layer(16 * self.channels // 6, name='C3')(x))  # [B, 5, 5, 16]
    x = x.reshape(x.shape[0], -1)  # [B, 400]: 5 x 5 places of 16 maps
    x = nn.relu(nn.Dense(120, name='C5')(x))
    x = nn.relu(nn.Dense(84, name='F6')(x))
    return readout.Readout(self.classes, name='output')(x)


# Table I of the paper: which maps of S2 (rows) each of the 16 maps of C3 (columns)
# reads. No two read the same, so that they have to become different features.
TABLE = """
  X...XXX..XXXX.XX
  XX...XXX..XXXX.X
  XXX...XXX..X.XXX
  .XXX..XXXX..X.XX
  ..XXX..XXXX.XX.X
  ...XXX..XXXX.XXX
"""
CONNECTED = np.array([[mark == 'X' for mark in row] for row in TABLE.split()])

# What F6 should say for each digit: its picture, 7 x 12. Digits that are easily taken
# for each other have codes close to each other.
BITMAPS = """
  ..###.. ...##.. .#####. .#####. .....## ####### ..####. ####### .#####. .#####.
  .##.##. ..###.. ##...## ##...## ....### ##..... .##.... ##...## ##...## ##...##
  ##...## .####.. ##...## .....## ...#### ##..... ##..... .....## ##...## ##...##
  ##...## ...##.. .....## .....## ..##.## ##..... ##..... ....##. ##...## ##...##
  ##...## ...##.. .....## .....## .##..## ######. ##..... ....##. ##...## ##...##
  ##...## ...##.. ....##. ..####. ##...## .....## ######. ...##.. .#####. .######
  ##...## ...##.. ...##.. .....## ##...## .....## ##...## ...##.. ##...## .....##
  ##...## ...##.. ..##... .....## ####### .....## ##...## ..##... ##...## .....##
  ##...## ...##.. .##.... .....## .....## .....## ##...## ..##... ##...## .....##
  ##...## ...##.. ##..... .....## .....## .....## ##...## .##.... ##...## .....##
  .##.##. ...##.. ##..... ##...## .....## ##...## ##...## .##.... ##...## ....##.
  ..###.. .###### ####### .#####. .....## .#####. .#####. .##.... .#####. .####..
"""
INK = np.array([[mark == '#' for mark in row] for row in BITMAPS.split()])
CODES = np.where(INK.reshape(12, 10, 7).swapaxes(0, 1).reshape(10, 84), 1.0, -1.0)


class LeNet1998(nn.Module):
  """The network of the paper: 60,000 trainable parameters, 340,908 connections, C = 1.

  It says how far F6 lies from the code of each digit. The codes are fixed: they are
  constants and no parameters.
  """

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, 32, 32, C] to logits [B, 10], the paper's penalties negated."""
    del train
    c1 = nn.Conv(6, (5, 5), padding='VALID', name='C1', **drawn(25 * x.shape[-1]))
    x = squash(c1(x))  # [B, 28, 28, 6]
    x = squash(Subsampling(name='S2')(x))  # [B, 14, 14, 6]
    x = squash(PartialConvolution(name='C3')(x))  # [B, 10, 10, 16]
    x = squash(Subsampling(name='S4')(x))  # [B, 5, 5, 16]
    x = x.reshape(x.shape[0], -1)  # C5 is a convolution over all that there is
    x = squash(nn.Dense(120, name='C5', **drawn(400))(x))
    x = squash(nn.Dense(84, name='F6', **drawn(120))(x))
    codes = jnp.asarray(CODES, jnp.float32)
    penalties = jnp.sum((x[:, None] - codes[None]) ** 2, axis=-1)  # equation 7
    return -penalties


class Subsampling(nn.Module):
  """Halves each map: the sum over 2 x 2 places, times a coefficient, plus a bias."""

  @nn.compact
  def __call__(self, x: Array) -> Array:
    shape = (1, 1, 1, x.shape[-1])
    coefficient = self.param('coefficient', within(4), shape)
    bias = self.param('bias', within(4), shape)
    return 4 * nn.avg_pool(x, (2, 2), (2, 2)) * coefficient + bias


class PartialConvolution(nn.Module):
  """C3: a 5 x 5 convolution in which a map reads only the maps that `TABLE` gives it.

  One small kernel for each of the 60 connections; the dense kernel that they are laid
  into holds zeros elsewhere, which are no parameters and never learn.
  """

  @nn.compact
  def __call__(self, x: Array) -> Array:
    sources, targets = np.nonzero(CONNECTED)
    fan_in = 25 * CONNECTED.sum(axis=0)  # [16]: 75, 100 or 150
    kernel = self.param('kernel', within(fan_in[targets]), (5, 5, len(targets)))
    bias = self.param('bias', within(fan_in), (1, 1, 1, 16))
    dense = jnp.zeros((5, 5, *CONNECTED.shape), kernel.dtype)
    dense = dense.at[:, :, sources, targets].set(kernel)
    axes = ('NHWC', 'HWIO', 'NHWC')
    maps = jax.lax.conv_general_dilated(
      x, dense, (1, 1), 'VALID', dimension_numbers=axes
    )
    return maps + bias


def squash(a: Array) -> Array:
  """1.7159 tanh(2a/3), which is ±1 at ±1 and bends most there (appendix A)."""
  return 1.7159 * jnp.tanh(2 / 3 * a)


def drawn(fan_in: int) -> dict[str, Any]:
  """Returns a layer's initializers: its biases are drawn as its weights are."""
  return {'kernel_init': within(fan_in), 'bias_init': within(fan_in)}


def within(fan_in: Any) -> Callable[..., Array]:
  """Makes the paper's initializer: uniform between ±2.4 / fan_in.

  Args:
    fan_in: how many inputs a unit has; one number, or one for each of the last axis.
  """
  bound = 2.4 / fan_in

  def draw(key, shape, dtype=jnp.float32):
    return jax.random.uniform(key, shape, dtype, -bound, bound)

  return draw


def map_criterion(logits: Array, labels: Array, j: float = 10.0) -> Array:
  """y_D + log(e^-j + Σ_i e^-y_i), the paper's equation 9, y being the penalties.

  It pulls the penalty of the right class D down and pushes those of the others up:
  maximum a posteriori where the image may also be none of the ten, at penalty j.

  Args:
    logits: [..., K], the penalties negated.
    labels: [...] integers.
    j: above it, a wrong class is hardly pushed any further. The paper gives no value.

  Returns:
    [...] nats.
  """
  right = jnp.take_along_axis(logits, labels[..., None], axis=-1)
  rubbish = jnp.full_like(right, -j)
  scores = jnp.concatenate([logits, rubbish], axis=-1)
  return jax.nn.logsumexp(scores, axis=-1) - right[..., 0]
