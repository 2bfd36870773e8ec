"""BigGAN: residual players that are told the class of an image.

Brock, Donahue & Simonyan, "Large scale GAN training for high fidelity natural image
synthesis", 2019, https://arxiv.org/abs/1809.11096, appendix B. The generator gets the
class through conditional batch norm, together with a part of its latents in every
block; the discriminator compares an embedding of the class with its features
(projection: Miyato & Koyama 2018, https://arxiv.org/abs/1802.05637). All weights but
the generator's shared embedding have spectral norm.

Shapes: B images, Z latents of an image, K classes, S pixels of a side, C channels,
H x W places of a map, F features.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import conditional, norm, spectral
from dl_core.layers.resampling import doubled, halved
from dl_core.models import gan
from dl_core.types import Array, Key

SMALLEST = 4  # pixels of a side of the first maps
EMBEDDING = 'embedding'  # the generator's shared one


class Size(NamedTuple):
  """How wide the blocks are, in multiples of the narrowest ones.

  Attributes:
    generator: before the first block and after each of them.
    discriminator: after each of its blocks.
    downs: how many of the discriminator's blocks halve the side; they come first.
  """

  generator: tuple[int, ...]
  discriminator: tuple[int, ...]
  downs: int


SIZES = {  # of an image, in pixels; from 32 on as in the authors' code
  16: Size((4, 4, 2), (2, 4, 4), 2),
  32: Size((4, 4, 4, 4), (4, 4, 4, 4), 2),
  64: Size((16, 16, 8, 4, 2), (1, 2, 4, 8, 16), 4),
  128: Size((16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16), 5),
  256: Size((16, 16, 8, 8, 4, 2, 1), (1, 2, 4, 8, 8, 16, 16), 6),
}


def make(
  size: int,
  channels: int,
  classes: int,
  width: int = 96,
  chunk: int = 20,
  shared: int = 128,
  attention: int = 64,
) -> gan.GAN:
  """Makes the players; the defaults are those of the paper.

  Args:
    size: S, of `SIZES`.
    channels: C.
    classes: K.
    width: features at 1 of `Size`.
    chunk: latents of the first layer and of each block, so Z = chunk · (blocks + 1).
    shared: dimensions of the shared embedding of a class.
    attention: side of the maps with self-attention; 0: none.
  """
  widths = SIZES[size]
  latent = chunk * len(widths.generator)
  generator = Generator(
    channels,
    classes,
    tuple(width * n for n in widths.generator),
    shared,
    attention,
  )
  discriminator = Discriminator(
    classes,
    tuple(width * n for n in widths.discriminator),
    widths.downs,
    attention,
  )
  return gan.GAN(generator, discriminator, latent, classes)


class Generator(nn.Module):
  """Latents and a class to an image.

  Attributes:
    channels: C.
    classes: K.
    widths: features before the first block and after each of them.
    shared: dimensions of the embedding of a class.
    attention: side of the maps with self-attention; 0: none.
  """

  channels: int
  classes: int
  widths: tuple[int, ...]
  shared: int = 128
  attention: int = 64

  @nn.compact
  def __call__(self, x: dict[str, Array], *, train: bool) -> Array:
    """Maps {'latent': [B, Z], 'class': [B]} to images [B, S, S, C] in [-1, 1]."""
    first, *chunks = jnp.split(x['latent'], len(self.widths), axis=1)
    embed = nn.Embed(
      self.classes, self.shared, embedding_init=spectral.orthogonal, name=EMBEDDING
    )
    about = embed(x['class'])
    y = spectral.Dense(SMALLEST**2 * self.widths[0], name='first')(first, train=train)
    y = y.reshape(-1, SMALLEST, SMALLEST, self.widths[0])
    for n, (width, z) in enumerate(zip(self.widths[1:], chunks, strict=True), 1):
      c = jnp.concatenate([about, z], axis=1)
      y = Rising(width, name=f'block_{n}')(y, c, train=train)
      if y.shape[1] == self.attention:
        y = Attention(name='attention')(y, train=train)
    y = nn.relu(norm.BatchNorm(not train, 0.9, 1e-5, name='norm')(y))
    return jnp.tanh(spectral.Conv(self.channels, name='last')(y, train=train))


class Rising(nn.Module):
  """Residual block of the generator, which doubles the side.

  Attributes:
    features: F.
  """

  features: int

  @nn.compact
  def __call__(self, x: Array, c: Array, *, train: bool) -> Array:
    """Maps [B, H, W, C] and vectors c [B, D] to [B, 2H, 2W, F]."""
    y = nn.relu(conditional.BatchNorm(name='norm_1')(x, c, train=train))
    y = spectral.Conv(self.features, name='convolution_1')(doubled(y), train=train)
    y = nn.relu(conditional.BatchNorm(name='norm_2')(y, c, train=train))
    y = spectral.Conv(self.features, name='convolution_2')(y, train=train)
    # Before the doubling it computes the same as after it, at a quarter of the cost.
    x = spectral.Conv(self.features, 1, name='shortcut')(x, train=train)
    return y + doubled(x)


class Discriminator(nn.Module):
  """An image and a class to one logit.

  Attributes:
    classes: K.
    widths: features after each block.
    downs: how many blocks halve the side; they come first.
    attention: side of the maps with self-attention; 0: none.
  """

  classes: int
  widths: tuple[int, ...]
  downs: int
  attention: int = 64

  @nn.compact
  def __call__(self, x: dict[str, Array], *, train: bool) -> Array:
    """Maps {'image': [B, S, S, C], 'class': [B]} to logits [B]."""
    h = x['image']
    for n, width in enumerate(self.widths):
      block = Falling(width, n < self.downs, n > 0, name=f'block_{n + 1}')
      h = block(h, train=train)
      if h.shape[1] == self.attention and n < self.downs:
        h = Attention(name='attention')(h, train=train)
    h = jnp.sum(nn.relu(h), axis=(1, 2))  # [B, F]
    embed = spectral.Embed(self.classes, self.widths[-1], name='embedding')
    logit = spectral.Dense(1, name='output')(h, train=train)[:, 0]
    return logit + jnp.sum(embed(x['class'], train=train) * h, axis=1)


class Falling(nn.Module):
  """Residual block of the discriminator.

  Attributes:
    features: F.
    halves: whether it halves the side.
    activates: whether it begins with a ReLU, as all but the first block do.
  """

  features: int
  halves: bool = True
  activates: bool = True

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps [B, H, W, C] to [B, H', W', F]."""
    h = nn.relu(x) if self.activates else x
    h = nn.relu(spectral.Conv(self.features, name='convolution_1')(h, train=train))
    h = spectral.Conv(self.features, name='convolution_2')(h, train=train)
    if self.halves:
      # The mean and a 1 x 1 convolution may change places: the mean first is cheaper.
      h, x = halved(h), halved(x)
    if self.halves or x.shape[-1] != self.features:
      x = spectral.Conv(self.features, 1, name='shortcut')(x, train=train)
    return h + x


class Attention(nn.Module):
  """Self-attention over all places, added with a learnt factor γ that begins at 0.

  Zhang et al. 2019, https://arxiv.org/abs/1805.08318; keys and values are max-pooled.
  """

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps [B, H, W, C] to the same shape."""
    batch, height, width, channels = x.shape

    def project(features, name, y):
      conv = spectral.Conv(features, 1, use_bias=False, name=name)
      return conv(y, train=train)

    pooled = lambda y: nn.max_pool(y, (2, 2), (2, 2))
    flat = lambda y: y.reshape(batch, -1, y.shape[-1])
    query = flat(project(channels // 8, 'query', x))
    key = flat(pooled(project(channels // 8, 'key', x)))
    value = flat(pooled(project(channels // 2, 'value', x)))
    scores = jnp.einsum('btc,bsc->bts', query, key)
    weights = jax.nn.softmax(scores.astype(jnp.float32)).astype(x.dtype)
    found = jnp.einsum('bts,bsc->btc', weights, value)
    found = project(channels, 'output', found.reshape(batch, height, width, -1))
    return x + self.param('gamma', nn.initializers.zeros, ()) * found


def truncated(key: Key, shape: tuple[int, ...], threshold: float) -> Array:
  """Draws latents from N(0, 1) truncated at ± threshold (section 3.1).

  It is as if values beyond the threshold were drawn again; none is clipped or scaled.
  """
  return jax.random.truncated_normal(key, -threshold, threshold, shape)
