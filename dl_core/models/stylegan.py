"""StyleGAN: an image is drawn from a constant, and its style set anew in every layer.

Karras, Laine & Aila, "A style-based generator architecture for generative adversarial
networks", 2019, https://arxiv.org/abs/1812.04948. A mapping network turns latents z
into w; from w, every layer takes the mean and the deviation that its maps are given
(adaptive instance norm), so coarse layers and fine ones can follow different w. Noise
in every layer gives stochastic detail. Layers are those of the authors' code.

All sizes are trained at once unless `growing`: then the players have an image at every
size, as progressive growing needs (Karras et al. 2018, section 3), and the published
number of parameters, and pass from one size to the next as images are counted.

Shapes: B images, Z latents, D numbers of w, L layers, S pixels of a side, C channels.
"""

import math

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import equalised, growth
from dl_core.layers.deviation import deviating
from dl_core.layers.epilogue import Epilogue
from dl_core.layers.resampling import blurred, doubled, halved
from dl_core.models import gan
from dl_core.types import Array

AVERAGE = 'average'  # the collection that holds the mean w
MIXED = 0.9  # share of training batches of two styles
leaky = gan.leaky


def widths(base: int, most: int, size: int) -> tuple[int, ...]:
  """Returns the maps at sides of 4, 8 ... S: base / (side / 2), at most `most`."""
  count = round(math.log2(size)) - 1
  return tuple(min(base // 2 ** (n + 1), most) for n in range(count))


def make(
  size: int,
  channels: int = 3,
  latent: int = 512,
  base: int = 8_192,
  most: int = 512,
  layers: int = 8,
  growing: int = 0,
) -> gan.GAN:
  """Makes the players; the defaults are those of the paper.

  Args:
    size: S, a power of two from 8 on.
    channels: C.
    latent: Z, and D.
    base, most: see `widths`.
    layers: of the mapping network.
    growing: images after which the side doubles, from 8 on: the new size fades in over
      the second half of them. 0: the players have the last size alone.
  """
  maps = widths(base, most, size)
  return gan.GAN(
    Generator(channels, maps, latent, layers, growing),
    Discriminator(maps, most, growing),
    latent,
  )


class Generator(nn.Module):
  """Latents to an image, through w.

  Attributes:
    channels: C.
    maps: at sides of 4, 8 ... S.
    features: D.
    layers: of the mapping network.
    growing: see `make`.
    decay: of the running average of w.
  """

  channels: int
  maps: tuple[int, ...]
  features: int = 512
  layers: int = 8
  growing: int = 0
  decay: float = 0.995

  def setup(self):
    self.mapping = Mapping(self.features, self.layers)
    self.synthesis = Synthesis(self.channels, self.maps, self.growing)
    self.mean = self.variable(AVERAGE, 'w', jnp.zeros, (self.features,), jnp.float32)

  @property
  def styles(self) -> int:
    """The number of layers that a style is given to, L."""
    return 2 * len(self.maps)

  def __call__(self, z: Array, *, train: bool) -> Array:
    """Maps latents [B, Z] to images [B, S, S, C].

    In training, most batches get two styles: one up to a random layer, another from
    there on (section 3.1); and the average of w moves.
    """
    w = self.mapping(z)
    styles = jnp.repeat(w[:, None], self.styles, axis=1)  # [B, L, D]
    if train:
      other_key, mix_key, place_key = jax.random.split(self.make_rng('draw'), 3)
      other = self.mapping(jax.random.normal(other_key, z.shape, z.dtype))
      place = jax.random.randint(place_key, (), 1, self.styles)
      mixes = jax.random.bernoulli(mix_key, MIXED)
      late = (jnp.arange(self.styles) >= place) & mixes
      styles = jnp.where(late[None, :, None], other[:, None], styles)
      if not self.is_initializing():
        now = jnp.mean(w.astype(jnp.float32), axis=0)
        self.mean.value = self.decay * self.mean.value + (1 - self.decay) * now
    return self.synthesis(styles, train=train)

  def styled(self, z: Array, psi: float = 1.0, depth: int = 8, *, train: bool) -> Array:
    """Returns the styles [B, L, D] of latents, drawn towards the average.

    Truncation (section B of the paper): w' = w̄ + ψ (w - w̄) in the first layers.

    Args:
      z: [B, Z].
      psi: ψ.
      depth: how many layers are truncated; the others keep w.
    """
    del train
    w = self.mapping(z)[:, None]
    mean = self.mean.value.astype(w.dtype)[None, None]
    first = (jnp.arange(self.styles) < depth)[None, :, None]
    return jnp.where(first, mean + psi * (w - mean), w)

  def painted(self, styles: Array, *, train: bool) -> Array:
    """Maps styles [B, L, D] to images [B, S, S, C]."""
    return self.synthesis(styles, train=train)


class Mapping(nn.Module):
  """Dense layers from z to w, at a hundredth of the learning rate.

  Attributes:
    features: D, of every layer.
    layers: how many.
  """

  features: int
  layers: int

  @nn.compact
  def __call__(self, z: Array) -> Array:
    """Maps latents [B, Z] to w [B, D]."""
    wide = z.astype(jnp.float32)
    scale = jax.lax.rsqrt(jnp.mean(jnp.square(wide), axis=1, keepdims=True) + 1e-8)
    x = (wide * scale).astype(z.dtype)
    for n in range(1, self.layers + 1):
      x = leaky(equalised.Dense(self.features, rate=0.01, name=f'dense_{n}')(x))
    return x


class Synthesis(nn.Module):
  """Styles to an image.

  Attributes:
    channels: C.
    maps: at sides of 4, 8 ... S.
    growing: see `make`.
  """

  channels: int
  maps: tuple[int, ...]
  growing: int = 0

  @nn.compact
  def __call__(self, styles: Array, *, train: bool) -> Array:
    """Maps styles [B, L, D] to images [B, S, S, C]."""
    ones = nn.initializers.ones
    x = self.param('constant', ones, (4, 4, self.maps[0]))
    x = jnp.broadcast_to(x[None], (len(styles), *x.shape))
    image, last = jnp.zeros(()), len(self.maps) - 1
    if self.growing:
      seen = growth.Growth(self.growing, len(self.maps), name='growth')
      lod = seen(len(styles), train=train)
    for n, width in enumerate(self.maps):
      for m in (0, 1):
        if n or m:
          y = doubled(x) if m == 0 else x
          conv = equalised.Conv(width, use_bias=False, name=f'convolution_{n}_{m}')
          x = blurred(conv(y)) if m == 0 else conv(y)
        x = Epilogue(2 * n + m, name=f'epilogue_{n}_{m}')(x, styles[:, 2 * n + m])
      if self.growing or n == last:
        conv = equalised.Conv(self.channels, 1, gain=1.0, name=f'image_{n}')
        new = conv(x)
        whole = not (self.growing and n)
        image = new if whole else growth.faded(new, doubled(image), lod - (last - n))
    return image


class Discriminator(nn.Module):
  """Convolutions that halve the side, and the deviation over a group of images.

  It has no normalisation, so the gradient of an image depends on no other but through
  that deviation.

  Attributes:
    maps: at sides of 4, 8 ... S.
    hidden: units before the logit.
    growing: see `make`. Real images are not faded with the fakes.
  """

  maps: tuple[int, ...]
  hidden: int = 512
  growing: int = 0

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps images [B, S, S, C] to logits [B]; B below 4, or a multiple of 4."""
    image, last = x, len(self.maps) - 1
    if self.growing:
      seen = growth.Growth(self.growing, len(self.maps), name='growth')
      lod = seen(len(x), train=train)
    x = leaky(equalised.Conv(self.maps[last], 1, name=f'image_{last}')(image))
    for n in reversed(range(1, len(self.maps))):
      x = leaky(equalised.Conv(self.maps[n], name=f'convolution_{n}_0')(x))
      conv = equalised.Conv(self.maps[n - 1], use_bias=False, name=f'convolution_{n}_1')
      bias = self.param(f'bias_{n}', nn.initializers.zeros, (self.maps[n - 1],))
      x = leaky(halved(conv(blurred(x))) + bias[None, None, None])
      if self.growing:
        image = halved(image)
        conv = equalised.Conv(self.maps[n - 1], 1, name=f'image_{n - 1}')
        x = growth.faded(x, leaky(conv(image)), lod - (last - n))
    x = deviating(x)
    x = leaky(equalised.Conv(self.maps[0], name='convolution_0')(x))
    x = leaky(equalised.Dense(self.hidden, name='hidden')(x.reshape(len(x), -1)))
    return equalised.Dense(1, gain=1.0, name='output')(x)[:, 0]
