"""Judges and draws a generator that is asked for images of a class.

Shapes: N samples, Z latents, S pixels of a side, C channels, K classes.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import interpret, metrics
from dl_core.interpret import truncation
from dl_core.interpret.gan import draw_rows, over_time
from dl_core.interpret.judge import Judge, figures
from dl_core.layers import spectral
from dl_core.models import biggan, gan
from dl_core.report import draw
from dl_core.tasks import standing
from dl_core.types import Array, Claim, Data, Key, Picture, Variables
from dl_core.types import Sample as Sampling

COUNT, SHOWN = 1_000, 10  # samples that are named, and latents that are drawn
THRESHOLDS = (2.0, 1.5, 1.0, 0.7, 0.4, 0.2)  # of truncation
BATCH = 64  # samples made at a time
ASKED, NORM = 0.95, 1.05  # share of samples at least, singular value at most

metrics.declare('asked', fraction=True)
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


def classes_of(model: gan.GAN, count: int) -> Array:
  """Returns the classes 0, 1 ... K - 1, 0 ... of so many samples."""
  return jnp.arange(count) % model.classes


def samples(model: gan.GAN) -> Sampling:
  """Makes an experiment's `sample`; image n of a call is of the class n mod K."""
  sample = sampler(model)

  def draw_images(variables, key, count):
    z, _ = gan.drawn(model, key, count)
    return (sample(variables, z, classes_of(model, count)) + 1) / 2

  return draw_images


def observe(model: gan.GAN):
  """Makes an experiment's `observe`: samples of latents that never change."""
  sample = sampler(model)

  def look(variables, data, key):
    del data
    count = max(12, model.classes)
    z, _ = gan.drawn(model, jax.random.fold_in(key, 1), count)
    images = sample(variables, z, classes_of(model, count))
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
  """Makes an experiment's `scores` of 1,000 samples, each class asked for as often.

  `asked` is the share that a classifier takes for the class that was asked for,
  `spectral_norm` see `largest`; the others are `judge.figures`.
  """
  sample = sampler(model)

  def score(variables, data, key):
    del data
    names, wanted = named(model, sample, variables, judge, key)
    found = figures(names, judge.real())
    right = float(np.mean(names.said == wanted))
    return {'asked': right, 'spectral_norm': largest(variables)} | found

  return score


def named(model, sample, variables, judge, key):
  z, _ = gan.drawn(model, jax.random.fold_in(key, 2), COUNT)
  wanted = classes_of(model, COUNT)
  return judge.name(sample(variables, z, wanted)), np.asarray(wanted)


def report(model: gan.GAN, judge: Judge) -> interpret.Report:
  """Shows samples over time, of every class, under truncation, and singular values."""
  sample = sampler(model)

  def pictures(variables, observed, data, key):
    names, wanted = named(model, sample, variables, judge, key)
    latent = (truncation.COUNT, model.latent)
    many = classes_of(model, truncation.COUNT)

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
      by_class(model, sample, variables, key, data.spec.classes),
      right(names.said, wanted, data.spec.classes, judge.accuracy()),
      truncation.rows(curve, 'threshold'),
      truncation.picture(curve, 'threshold', about),
      norms(largest(variables)),
    ]

  return pictures


def by_class(model, sample, variables, key, classes) -> Picture:
  """Makes the picture of every class, asked for with the same latents."""
  z, _ = gan.drawn(model, jax.random.fold_in(key, 3), SHOWN)
  rows = np.stack(
    [sample(variables, z, jnp.full(SHOWN, k)) for k in range(model.classes)]
  )
  return Picture(
    'Asked for every class',
    'A row for each class that was asked for; the images of a column have the same '
    'latents. Not selected.',
    lambda: draw_rows(rows, [name[:10] for name in classes], ''),
  )


def right(said, wanted, classes, accuracy: float) -> Picture:
  """Makes the picture of how often samples are of the class that was asked for."""
  share = float(np.mean(said == wanted))
  each = np.array([np.mean(said[wanted == k] == k) for k in range(len(classes))])

  def show():
    figure, axes = draw.panel(6.0, 2.4, ylim=(0, 105))
    draw.bars(axes, {'': 100 * each}, [name[:10] for name in classes])
    axes.set(xlabel='class asked for', ylabel='samples classified so, %')
    return figure

  return Picture(
    'The class that was asked for',
    f'{len(said):,} samples, every class asked for as often. A LeNet that reads '
    f'{accuracy:.1%} of the test images right takes {share:.1%} of them for the class '
    f'that was asked for; {each.min():.0%} in the worst class. Chance is '
    f'{1 / len(classes):.0%}.',
    show,
    claims=(
      Claim(
        f'At least {ASKED:.0%} of the samples are of the class that was asked for',
        share >= ASKED,
        f'{share:.1%}; chance {1 / len(classes):.0%}',
      ),
    ),
  )


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
