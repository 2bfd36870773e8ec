"""A convolutional encoder that several tasks share, and a classifier on top of it.

What learns without labels is judged by what its encoder is worth to another task
(Doersch, Gupta & Efros 2015, https://arxiv.org/abs/1505.05192). The encoder has four
convolutions and reads images, or tiles of images, of any size. It keeps no statistics
of batches: batch norm over the tiles of one image would tell each tile about the
others. Instead every image, or tile, is standardised by itself, so that the encoder
sees neither brightness nor contrast, which would give away which tiles were neighbours
(Noroozi & Favaro 2016, https://arxiv.org/abs/1603.09246, section 3.3).

Shapes: B images or tiles, H x W pixels, C channels, F features, K classes.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import convolution, readout
from dl_core.types import Array, UserError

WIDTHS = (32, 64, 64, 128)
STRIDES = (2, 2, 2, 1)
HALVED = 8  # the encoder divides sides by this much, rounded up
LAYERS = tuple(f'layer_{number}' for number in range(1, len(STRIDES) + 1))
EPSILON = 1e-4  # added to the variance of the pixels, which is 0 in a blank image
# Added to the variance of a layer's map, also 0 there: a smaller one would multiply
# what rounding leaves of a blank image, and its gradients, from layer to layer.
SOFT = 1e-2


class Layer(nn.Module):
  """Convolution, layer norm over all of an example's map, ReLU.

  Attributes:
    features: F.
    side: of the kernel.
    stride: pixels from one output to the next.
  """

  features: int
  side: int = 3
  stride: int = 1

  @nn.compact
  def __call__(self, x: Array) -> Array:
    """Maps [B, H, W, C] to [B, ⌈H / stride⌉, ⌈W / stride⌉, F]."""
    x = convolution.Conv(
      self.features, (self.side,) * 2, (self.stride,) * 2, name='convolution'
    )(x)
    return nn.relu(nn.GroupNorm(1, epsilon=SOFT, name='norm')(x))


class Encoder(nn.Module):
  """Four layers, three of which halve the map: 130,688 parameters with one channel.

  Attributes:
    widths: features of the layers.
  """

  widths: Sequence[int] = WIDTHS

  @nn.compact
  def __call__(self, x: Array) -> list[Array]:
    """Maps images [B, H, W, C] to the maps [B, h, w, F] of all layers, in order."""
    x, _, _ = standardised(x)
    maps = []
    rows = zip(LAYERS, self.widths, STRIDES, strict=True)
    for number, (name, width, stride) in enumerate(rows):
      x = Layer(width, 3 if number else 5, stride, name=name)(x)
      maps.append(x)
    return maps


class Classifier(nn.Module):
  """An `Encoder` and a linear classifier of its last map.

  Attributes:
    classes: K.
    widths: see `Encoder`.
  """

  classes: int
  widths: Sequence[int] = WIDTHS

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, H, W, C] to logits [B, K]."""
    del train  # it does in training what it does in evaluation
    last = Encoder(self.widths, name='encoder')(x)[-1]
    return readout.Readout(self.classes, name='output')(last.reshape(len(x), -1))


def check(widths: Sequence[int]) -> None:
  """Checks that there is a width for each layer.

  Raises:
    UserError: there are fewer or more.
  """
  if len(widths) != len(LAYERS):
    raise UserError(
      f'--widths={",".join(map(str, widths))} was given, but the encoder has '
      f'{len(LAYERS)} layers; give {len(LAYERS)} widths'
    )


def standardised(x: Array) -> tuple[Array, Array, Array]:
  """Returns images of mean 0 and variance 1 each, their means and their deviations.

  Shapes: [B, H, W, C] -> [B, H, W, C], [B, 1, 1, 1], [B, 1, 1, 1]. All channels of an
  image share one mean and one deviation. An image of one colour becomes 0.
  """
  wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
  mean = jnp.mean(wide, (1, 2, 3), keepdims=True)
  variance = jnp.mean(jnp.square(wide - mean), (1, 2, 3), keepdims=True)
  deviation = jnp.sqrt(variance + EPSILON)
  mean, deviation = (each.astype(x.dtype) for each in (mean, deviation))
  return (x - mean) / deviation, mean, deviation


def pooled(maps: Array, most: int) -> Array:
  """Averages maps [B, h, w, F] over neighbouring places, down to `most` places a side.

  Returns:
    Features [B, n · m · F], n and m at most `most`.
  """
  batch, height, width, features = maps.shape
  window = (-(-height // most), -(-width // most))
  ones = jnp.ones((1, height, width, 1), maps.dtype)
  add = lambda x: jax.lax.reduce_window(
    x, jnp.zeros((), x.dtype), jax.lax.add, (1, *window, 1), (1, *window, 1), 'SAME'
  )
  del features
  return (add(maps) / add(ones)).reshape(batch, -1)
