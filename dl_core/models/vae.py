"""Variational autoencoders: images decoded from codes drawn from N(0, I).

Kingma & Welling, "Auto-encoding variational Bayes", 2013,
https://arxiv.org/abs/1312.6114. The encoder maps an image to a Gaussian over
codes, q(z|x); the decoder maps a code to a distribution of images, p(x|z).

Shapes: B images, H x W pixels, C channels, Z numbers of a code, S codes of an image.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.models import autoencoder
from dl_core.types import Array

START = -3.0  # log of the first variance of a Gaussian pixel in [0, 1]
BERNOULLI, GAUSSIAN = LIKELIHOODS = ('bernoulli', 'gaussian')


class Posterior(NamedTuple):
  """A Gaussian over codes with a diagonal covariance, q(z|x)."""

  mean: Array  # [..., Z]
  logvar: Array  # [..., Z], log of the variances


class Decoded(NamedTuple):
  """The distributions of images given their codes, p(x|z).

  Attributes:
    pixels: [..., H, W, C], logits of white, or means of a Gaussian.
    logvar: [], log of the variance that all pixels share; None for a Bernoulli
      likelihood.
  """

  pixels: Array
  logvar: Array | None


class Output(NamedTuple):
  posterior: Posterior
  z: Array  # [S, B, Z], codes drawn from the posterior
  decoded: Decoded  # [S, B, H, W, C]


class VAE(nn.Module):
  """A VAE: 815,824 parameters at 784-500-20 and its mirror.

  Attributes:
    shape: (H, W, C).
    hidden: units of the encoder's hidden layers; the decoder has them in reverse. ():
      a linear VAE, which is probabilistic PCA if the likelihood is Gaussian.
    code: Z.
    samples: S.
    likelihood: distribution of a pixel, one of `LIKELIHOODS`. The Gaussian's variance
      is learnt (Rybkin, Daniilidis & Levine 2020, https://arxiv.org/abs/2006.13202).
    maps: channels of the encoder's convolutions, before its hidden layers, each of
      which halves the sides; the decoder mirrors them.
  """

  shape: tuple[int, ...]
  hidden: tuple[int, ...] = (500,)
  code: int = 20
  samples: int = 1
  likelihood: str = BERNOULLI
  maps: tuple[int, ...] = ()

  def setup(self):
    self.encoder = autoencoder.Encoder(self.hidden, 2 * self.code, self.maps)
    self.decoder = autoencoder.Decoder(self.hidden[::-1], self.shape, self.maps[::-1])
    if self.likelihood == GAUSSIAN:
      # With a larger first variance, the decoder learns to ignore the code.
      self.logvar = self.param('logvar', nn.initializers.constant(START), ())

  def __call__(self, x: Array, *, train: bool) -> Output:
    """Encodes images [B, H, W, C], draws codes from the stream `draw`, decodes them."""
    del train  # evaluation draws codes, too
    posterior = self.encode(x)
    shape = (self.samples, *posterior.mean.shape)
    noise = jax.random.normal(self.make_rng('draw'), shape, posterior.mean.dtype)
    z = drawn(posterior, noise)
    return Output(posterior, z, self.decode(z))

  def encode(self, x: Array, *, train: bool = False) -> Posterior:
    """Maps images [B, H, W, C] to the posteriors of their codes."""
    del train
    return Posterior(*jnp.split(self.encoder(x), 2, axis=-1))

  def decode(self, z: Array, *, train: bool = False) -> Decoded:
    """Maps codes [..., Z] to the distributions of their images."""
    del train
    pixels = self.decoder(z.reshape(-1, self.code))
    variance = self.logvar if self.likelihood == GAUSSIAN else None
    return Decoded(pixels.reshape(*z.shape[:-1], *self.shape), variance)


def drawn(q: Posterior, noise: Array) -> Array:
  """Returns codes [S, B, Z] of posteriors [B, Z], given noise [S, B, Z] of N(0, I)."""
  return q.mean[None] + jnp.exp(q.logvar / 2)[None] * noise
