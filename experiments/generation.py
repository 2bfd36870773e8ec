"""Generating images: autoencoder, VAE, GAN and PixelCNN, compared. Lecture 12.

    python -m experiments.generation                 # four runs, four minutes
    python -m experiments.generation --steps=2000    # for the autoencoder and the VAE

All are trained on the digits with 28 x 28 pixels, except the PixelCNN, with 8 x 8. A
classifier of real images judges the samples. The claims are the lecture's: an
autoencoder cannot generate, a VAE's images are blurry, and sampling pixel by pixel is
slow.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from dl_core import config, launch
from dl_core.data import images, splits
from dl_core.interpret import gan as players
from dl_core.interpret import judge, latents
from dl_core.lessons.unsupervised import generation
from dl_core.models import vae as vaes
from dl_core.models.autoencoder import Decoder, Encoder
from dl_core.models.pixelcnn import PixelCNN
from dl_core.tasks import pixels
from experiments import autoencoder, gan, pixelcnn, vae


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  code: int = config.field(16, 'numbers in a code', low=1)
  samples: int = config.field(1_000, 'images of each model to judge', low=100)
  gan_steps: int = config.field(6_000, 'training steps of the GAN', low=1)
  pixelcnn_steps: int = config.field(600, 'training steps of the PixelCNN', low=1)
  judge_steps: int = config.field(600, 'training steps of the classifier', low=1)
  steps: int = config.field(
    4_000, 'training steps of the autoencoder and the VAE', low=0, group='run'
  )
  eval_every: int = 1_000


TINY = Config(
  steps=2,
  batch_size=8,
  code=2,
  samples=100,
  gan_steps=2,
  pixelcnn_steps=2,
  judge_steps=2,
)
SIZE, WRITTEN = 28, 64


def study(c: Config) -> launch.Study:
  same = config.shared(c)
  runs = {
    'autoencoder': (
      autoencoder,
      autoencoder.Config(**same, size=SIZE, code=c.code, drop=0.0),
    ),
    'vae': (
      vae,
      vae.Config(**same, size=SIZE, code=c.code, binarise='each_step', nll_samples=0),
    ),
    'gan': (gan, gan.Config(**same | {'steps': c.gan_steps, 'learning_rate': 2e-3})),
    'pixelcnn': (
      pixelcnn,
      pixelcnn.Config(**same | {'steps': c.pixelcnn_steps, 'learning_rate': 3e-3}),
    ),
  }

  own = {label: settings for label, (_, settings) in runs.items()}
  return launch.Study(runs, lambda results: drawn(c, own, results))


def drawn(c: Config, own: Mapping[str, Any], results: Mapping[str, Any]):
  """Samples from every model and draws the samples, their scores and their cost."""
  params = {name: runs[0].variables()['params'] for name, runs in results.items()}
  data = results['autoencoder'][0].experiment.data
  train, test = (splits.examples(data, name)[0] for name in ('train', 'test'))
  key = jax.random.key(c.seed)
  z = jax.random.normal(key, (c.samples, c.code))
  game = gan.networks(own['gan'], train.shape[-1])
  noise = players.latents(game, key, c.samples)
  restore, mean, covariance = by_autoencoder(
    own['autoencoder'], params['autoencoder'], train
  )
  fitted = np.random.default_rng(c.seed).multivariate_normal(
    mean, covariance, c.samples
  )
  decode = by_vae(own['vae'], params['vae'], train.shape[1:])
  sample = players.sampler(game)
  play = lambda noise: (sample({'params': params['gan']}, noise) + 1) / 2
  write = by_pixels(own['pixelcnn'], params['pixelcnn'], train.shape[-1], key)
  samples = {
    generation.AUTOENCODER: restore(z),
    generation.FITTED: restore(fitted.astype(np.float32)),
    generation.VAE: decode(z),
    generation.GAN: play(noise).clip(0, 1),
  }
  small, large = (side**2 * train.shape[-1] for side in (own['pixelcnn'].size, SIZE))
  writing = {
    'pixelcnn': generation.Cost(generation.timed(write), small, small),
    'vae': generation.Cost(generation.timed(lambda: decode(z[:WRITTEN])), 1, large),
    'gan': generation.Cost(generation.timed(lambda: play(noise[:WRITTEN])), 1, large),
  }
  shown = images.load(own['gan'], SIZE, normalise=(0.5, 0.5))
  named = judge.make(shown, c.judge_steps)
  return generation.pictures(samples, test, named, writing)


def by_autoencoder(own: autoencoder.Config, params: Any, train: np.ndarray):
  """Returns (codes -> images), and mean and covariance of the training codes."""
  encoder = Encoder(own.hidden, own.code)
  decoder = Decoder(own.hidden[::-1], train.shape[1:])
  codes = np.asarray(encoder.apply({'params': params['encoder']}, train))

  @jax.jit
  def restore(z) -> Any:
    logits: Any = decoder.apply({'params': params['decoder']}, z)
    return jax.nn.sigmoid(logits)

  moments = codes.mean(axis=0), np.atleast_2d(np.cov(codes, rowvar=False))
  return lambda z: np.asarray(restore(z)), *moments


def by_vae(own: vae.Config, params: Any, shape: tuple[int, ...]):
  """Returns codes -> mean images."""
  decode = latents.decoder(vaes.VAE(shape, own.hidden, own.code))
  return lambda z: latents.means(decode({'params': params}, z))


def by_pixels(own: pixelcnn.Config, params: Any, channels: int, key: Any):
  """Returns () -> images sampled pixel by pixel."""
  net = PixelCNN(own.net, own.levels, own.layers, own.width, (own.head,))
  start = np.zeros((WRITTEN, own.size, own.size, channels), np.int32)
  known = np.zeros(start.shape[1:], bool)
  return lambda: np.asarray(
    pixels.written(net, {'params': params}, start, known, own.levels, key)
  )


if __name__ == '__main__':
  launch.main(__name__)
