"""Judges and draws a BigGAN, which is asked for images of a class.

Shapes: N samples, Z latents, S pixels of a side, C channels, K classes.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import interpret, metrics
from dl_core.interpret import conditional, truncation
from dl_core.interpret.gan import over_time
from dl_core.interpret.judge import Judge
from dl_core.layers import spectral
from dl_core.models import biggan, gan
from dl_core.tasks import standing
from dl_core.types import Array, Claim, Data, Key, Picture, Variables
from dl_core.types import Sample as Sampling

THRESHOLDS = (2.0, 1.5, 1.0, 0.7, 0.4, 0.2)  # of truncation
BATCH = 64  # samples made at a time
NORM = 1.05  # of a singular value, at most

metrics.declare('spectral_norm', rising=False)

Sample = Callable[[Variables, Array, Array], np.ndarray]


@functools.cache
def sampler(model: gan.GAN) -> Sample:
  """Makes (variables, latents [N, Z], classes [N]) -> images in [-1, 1]."""
  compiled = jax.jit(functools.partial(gan.generate, model))

  def sample(variables, z, classes):
    parts = []
    for start in range(0, len(z), BATCH):  # of one shape, so that one program serves
      rows = np.minimum(np.arange(start, start + BATCH), len(z) - 1)
      parts.append(np.asarray(compiled(variables, z[rows], classes[rows])))
    return np.concatenate(parts)[: len(z)]

  return sample


def asked(model: gan.GAN) -> conditional.Sample:
  """Makes (variables, key, classes [N]) -> images in [-1, 1] of latents of N(0, I)."""
  sample = sampler(model)

  def draw_images(variables, key, classes):
    z, _ = gan.drawn(model, key, len(classes))
    return sample(variables, z, classes)

  return draw_images


def samples(model: gan.GAN) -> Sampling:
  """Makes an experiment's `sample`; image n of a call is of the class n mod K."""
  sample = asked(model)

  def draw_images(variables, key, count):
    classes = conditional.classes_of(model.classes, count)
    return (sample(variables, key, classes) + 1) / 2

  return draw_images


def observe(model: gan.GAN):
  """Makes an experiment's `observe`: samples of latents that never change."""
  sample = asked(model)

  def look(variables, data, key):
    del data
    classes = conditional.classes_of(model.classes, max(12, model.classes))
    images = sample(variables, jax.random.fold_in(key, 1), classes)
    return {'samples': np.round((images + 1) * 127.5).astype(np.uint8)}

  return look


def largest(variables: Variables) -> float:
  """Returns the largest singular value of all weights that have spectral norm.

  Each is divided by the estimate that the network divides it by.
  """
  found = 0.0
  for player in ('generator', 'discriminator'):
    own: Any = gan.of(variables, player)
    if spectral.COLLECTION not in own:
      continue
    vectors = spectral.vectors(own)
    for path, weight in spectral.kernels(own).items():
      matrix = np.asarray(weight, np.float64)
      sigma, _ = spectral.iterated(jnp.asarray(matrix, jnp.float32), vectors[path])
      found = max(found, float(np.linalg.norm(matrix, 2)) / float(sigma))
  return found


def scores(
  model: gan.GAN, judge: Judge
) -> Callable[[Variables, Data, Key], Mapping[str, float]]:
  """Makes an experiment's `scores`: `conditional.scores`, and `largest`."""
  score = conditional.scores(conditional.Generator(asked(model), model.classes, judge))

  def both(variables, data, key):
    norm = {'spectral_norm': largest(variables)}
    return {**score(variables, data, key), **norm}

  return both


def report(model: gan.GAN, judge: Judge) -> interpret.Report:
  """Shows samples over time, of every class, under truncation, and singular values."""
  sample = sampler(model)
  generator = conditional.Generator(asked(model), model.classes, judge)

  def pictures(variables, observed, data, key):
    latent = (truncation.COUNT, model.latent)
    many = conditional.classes_of(model.classes, truncation.COUNT)

    def at(threshold):
      z = biggan.truncated(key, latent, threshold)
      return sample(variables, z, many)

    curve = truncation.measured(THRESHOLDS, at, judge, model.classes)
    about = (
      'Latents beyond ± the threshold are drawn again; beyond 2 hardly any are. '
      'Samples of every class as often.'
    )
    return [
      over_time({step: seen['samples'] for step, seen in observed.items()}),
      *conditional.pictures(generator, variables, key, data.spec.classes),
      truncation.rows(curve, 'threshold'),
      truncation.picture(curve, 'threshold', about),
      norms(largest(variables)),
    ]

  return pictures


def norms(found: float) -> Picture:
  """Makes the picture, a sentence, of the largest singular value."""
  return Picture(
    'Spectral norms',
    'Every weight is divided by an estimate of its largest singular value, from one '
    'power iteration a training step; the averaged weights of the generator get '
    f'{standing.BATCHES} more. Computed exactly, the largest singular value of a '
    f'normalised weight of either player is {found:.4f}.',
    lambda: f'largest singular value of a normalised weight: {found:.4f}',
    claims=(
      Claim(
        f'No normalised weight has a singular value above {NORM}',
        found <= NORM,
        f'{found:.4f} at most',
      ),
    ),
  )
