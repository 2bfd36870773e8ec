"""Judges and draws the samples of a StyleGAN.

Shapes: N samples, S pixels of a side, C channels.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from dl_core import interpret
from dl_core.interpret import mixing, path_length, truncation
from dl_core.interpret.gan import final, over_time
from dl_core.interpret.judge import Judge, figures
from dl_core.interpret.painter import latents, painter
from dl_core.models import gan
from dl_core.types import Claim, Data, Key, Picture, Sample, Variables

COUNT, SHOWN = 1_000, 64  # samples that are classified, and drawn
PSI = (1.0, 0.85, 0.7, 0.5, 0.3, 0.15)  # of truncation


def samples(model: gan.GAN) -> Sample:
  """Makes an experiment's `sample`: images without truncation."""
  paint = painter(model)

  def draw_images(variables, key, count):
    return (paint.sample(variables, latents(model, key, 1, count)).clip(-1, 1) + 1) / 2

  return draw_images


def observe(model: gan.GAN):
  """Makes an experiment's `observe`: samples of latents that never change."""
  paint = painter(model)

  def look(variables, data, key):
    del data
    images = paint.sample(variables, latents(model, key, 1, 12))
    return {'samples': np.round((images.clip(-1, 1) + 1) * 127.5).astype(np.uint8)}

  return look


def scores(
  model: gan.GAN, judge: Judge
) -> Callable[[Variables, Data, Key], Mapping[str, float]]:
  """Makes an experiment's `scores`: `judge.figures`, `lengths` and `mixed`."""
  paint = painter(model)

  def score(variables, data, key):
    names = judge.name(paint.sample(variables, latents(model, key, 2, COUNT)))
    found = figures(names, judge.real()) | path_length.lengths(
      model, paint, variables, judge, key
    )
    shares = mixing.mixed(model, paint, variables, judge, key, data.spec.classes)
    return found | shares

  return score


def report(model: gan.GAN, judge: Judge) -> interpret.Report:
  """Shows samples, mixed styles, truncation and path lengths."""
  paint = painter(model)

  def pictures(variables, observed, data, key):
    z = latents(model, key, 2, COUNT)
    images = paint.sample(variables, z)
    found = figures(judge.name(images), judge.real())
    many = latents(model, key, 7, truncation.COUNT)
    curve = truncation.measured(
      PSI, lambda psi: paint.sample(variables, many, psi), judge
    )
    about = "Styles are w̄ + ψ (w - w̄), with w̄ the average w (the paper's figure 8)."
    classes = data.spec.classes
    return [
      over_time({step: seen['samples'] for step, seen in observed.items()}),
      final(images[:SHOWN]),
      kinds(found, classes, judge.accuracy()),
      mixing.grid(model, paint, variables, key, 'coarse'),
      mixing.grid(model, paint, variables, key, 'fine'),
      mixing.moved(mixing.mixed(model, paint, variables, judge, key, classes), classes),
      truncation.rows(curve, 'ψ'),
      truncation.picture(curve, 'ψ', about),
      path_length.straight(path_length.lengths(model, paint, variables, judge, key)),
    ]

  return pictures


def kinds(
  found: Mapping[str, float], classes: Sequence[str], accuracy: float
) -> Picture:
  """Makes the picture, a sentence, of how many classes the samples are of."""
  words = (
    f'{found["classes"]:.0f} of {len(classes)} classes, {found["largest_share"]:.1%} '
    f'in the largest, mean confidence {found["confidence"]:.2f}, Fréchet distance '
    f'{found["frechet"]:.4g}'
  )
  return Picture(
    'What a classifier takes the samples for',
    f'A LeNet trained on the real images, which reads {accuracy:.1%} of the test '
    f'images right, classifies {COUNT:,} samples without truncation: {words}.',
    lambda: words,
    claims=(
      Claim(
        'Samples are of all classes',
        found['classes'] == len(classes),
        f'{found["classes"]:.0f} of {len(classes)}',
      ),
    ),
  )
