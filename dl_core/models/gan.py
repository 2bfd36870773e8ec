"""Generators and discriminators of a GAN: multi-layer perceptrons and DCGANs.

Goodfellow et al., "Generative adversarial nets", 2014, https://arxiv.org/abs/1406.2661.
Neither ever sees a density: the generator learns from the discriminator's gradient
alone, the discriminator from both kinds of image. `mlp` makes the two as perceptrons;
`dcgan` as the convolutional networks of Radford, Metz & Chintala, "Unsupervised
representation learning with deep convolutional generative adversarial networks", 2015,
https://arxiv.org/abs/1511.06434: strides in place of pooling, batch norm except at the
generator's output and the discriminator's input.

Shapes: B images, Z latents of an image, S pixels of a side, C channels, K classes.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import convolution, readout, upsampling
from dl_core.layers.norm import BatchNorm
from dl_core.types import Array, Key, Variables

leaky = functools.partial(nn.leaky_relu, negative_slope=0.2)
normal = nn.initializers.normal(0.02)


class GAN(NamedTuple):
  """Both players.

  Attributes:
    generator: latents [B, Z] of N(0, I) -> images [B, S, S, C] in [-1, 1].
    discriminator: images -> logits [B], above 0 where an image looks real.
    latent: Z.
    classes: K; 0: images have none. Else the generator reads {'latent', 'class': [B]},
      and the discriminator {'image', 'class': [B]}.
  """

  generator: nn.Module
  discriminator: nn.Module
  latent: int
  classes: int = 0

  def asked(self, z: Array, classes: Array) -> Any:
    """Returns what the generator reads of latents and classes."""
    return {'latent': z, 'class': classes} if self.classes else z

  def shown(self, x: Array, classes: Array) -> Any:
    """Returns what the discriminator reads of images and classes."""
    return {'image': x, 'class': classes} if self.classes else x


def mlp(
  size: int, channels: int, latent: int = 128, widths: Sequence[int] = (256, 512)
) -> GAN:
  """Makes two perceptrons; the discriminator's hidden widths are the other's mirrored.

  Args:
    size: S.
    channels: C.
    latent: Z.
    widths: of the generator's hidden layers, from the latents to the image.
  """
  shape = (size, size, channels)
  generator = MLPGenerator(shape, tuple(widths))
  return GAN(generator, MLPDiscriminator(tuple(widths[::-1])), latent)


def dcgan(
  size: int, channels: int, latent: int = 100, width: int = 64, critic: int = 0
) -> GAN:
  """Makes the DCGAN of an image size.

  Args:
    size: S, 4 or 7 times a power of two that is at least 2: 28, 32, 64.
    channels: C.
    latent: Z.
    width: maps beside the image; they double with every halving of the side.
    critic: the same of the discriminator; 0: `width`.

  Raises:
    ValueError: there is no such size.
  """
  smallest = 7 if size % 7 == 0 else 4
  doublings = round(math.log2(max(size / smallest, 1)))
  if doublings < 1 or smallest * 2**doublings != size:
    raise ValueError(f'{size} is not 4 or 7 times 2, 4, 8 ... pixels')
  return GAN(
    DCGenerator(channels, width, doublings, smallest),
    DCDiscriminator(critic or width, doublings, smallest),
    latent,
  )


class MLPGenerator(nn.Module):
  """Latents through hidden layers of ReLU to an image of tanh."""

  shape: tuple[int, int, int]
  widths: tuple[int, ...] = (256, 512)

  @nn.compact
  def __call__(self, z: Array, *, train: bool) -> Array:
    """Maps latents [B, Z] to images [B, S, S, C]."""
    del train
    for width in self.widths:
      z = nn.relu(nn.Dense(width)(z))
    x = jnp.tanh(nn.Dense(math.prod(self.shape))(z))
    return x.reshape(-1, *self.shape)


class MLPDiscriminator(nn.Module):
  """An image through hidden layers of leaky ReLU to one logit."""

  widths: tuple[int, ...] = (512, 256)

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, S, S, C] to logits [B]."""
    del train
    x = x.reshape(x.shape[0], -1)
    for width in self.widths:
      x = leaky(nn.Dense(width)(x))
    return readout.Readout(1)(x)[:, 0]


class DCGenerator(nn.Module):
  """Transposed convolutions that double the side; PyTorch's example at its defaults.

  Attributes:
    channels: C.
    width: maps before the last layer.
    doublings: of the side, from `smallest` to S.
    smallest: the side that the latents are first laid out on.
  """

  channels: int = 3
  width: int = 64
  doublings: int = 4
  smallest: int = 4

  @nn.compact
  def __call__(self, z: Array, *, train: bool) -> Array:
    """Maps latents [B, Z] to images [B, S, S, C]."""
    x = z[:, None, None]  # [B, 1, 1, Z]
    features = [self.width * 2**n for n in reversed(range(self.doublings))]
    x = up(features[0], self.smallest, self.smallest)(x)
    for maps in (*features[1:], self.channels):
      x = cropped(up(maps, 4, stride=2)(nn.relu(norm(train)(x))))
    return jnp.tanh(x)


class DCDiscriminator(nn.Module):
  """Strided convolutions that halve the side, the generator's mirror.

  Attributes:
    width: maps after the first layer.
    doublings: how often the side is halved, from S to `smallest`.
    smallest: the side that the last layer reads at once.
  """

  width: int = 64
  doublings: int = 4
  smallest: int = 4

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, S, S, C] to logits [B]."""
    for n in range(self.doublings):
      x = down(self.width * 2**n, 4, stride=2)(x)
      x = leaky(norm(train)(x) if n else x)
    return down(1, self.smallest, stride=1)(x)[:, 0, 0, 0]


def up(features: int, kernel: int, stride: int) -> nn.Module:
  """Makes a transposed convolution without a bias, whose kernel is r strides, r = 1, 2.

  It is PyTorch's ConvTranspose2d but for the border of one place that `cropped` cuts
  off where r = 2.
  """
  return upsampling.Transposed(features, stride, kernel, False, normal)


def cropped(x: Array) -> Array:
  """Returns maps [B, H, W, C] without their outermost places."""
  return x[:, 1:-1, 1:-1]


def down(features: int, kernel: int, stride: int) -> nn.Module:
  """Makes PyTorch's Conv2d of padding (stride - 1), without a bias."""
  border = (stride - 1, stride - 1)
  return convolution.Conv(
    features,
    (kernel, kernel),
    (stride, stride),
    padding=(border, border),
    use_bias=False,
    kernel_init=normal,
  )


def norm(train: bool) -> nn.Module:
  """Makes batch norm as PyTorch has it, its scales drawn from N(1, 0.02²)."""

  def scale(key, shape, dtype=jnp.float32):
    return 1 + 0.02 * jax.random.normal(key, shape, dtype)

  return BatchNorm(not train, momentum=0.9, epsilon=1e-5, scale_init=scale)


def generate(
  model: GAN, variables: Variables, z: Array, classes: Array | None = None
) -> Any:
  """Returns the generator's images [B, S, S, C] of latents [B, Z], in evaluation mode.

  Args:
    model: the players.
    variables: of both, as `tasks.gan` keeps them.
    z: what to make images of.
    classes: [B], the classes of the images, if they have any.
  """
  x = z if classes is None else model.asked(z, classes)
  return model.generator.apply(of(variables, 'generator'), x, train=False)


def drawn(model: GAN, key: Key, count: int) -> tuple[Array, Array]:
  """Draws latents [B, Z] of N(0, I), and classes [B] that are all equally likely."""
  z = jax.random.normal(key, (count, model.latent))
  own_key = jax.random.fold_in(key, 1)
  return z, jax.random.randint(own_key, (count,), 0, max(model.classes, 1))


def of(variables: Variables, player: str) -> dict[str, Any]:
  """Selects the variables of one player."""
  return {name: tree[player] for name, tree in variables.items() if player in tree}
