"""Compares the images of a VAE and of GANs of perceptrons and of convolutions.

Shapes: N images, H x W pixels, C channels.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from dl_core.interpret.judge import Judge, figures, first
from dl_core.lessons.unsupervised.generation import sharpness
from dl_core.report import draw
from dl_core.types import Claim, Picture

SHOWN, ACROSS, GAP = 32, 8, 2
LONGER = 1.25  # most seconds of a DCGAN's training, in those of the perceptrons
MEANS, DRAWS, MLP, DCGAN = WAYS = 'vae, means', 'vae, draws', 'mlp gan', 'dcgan'


class Seen(NamedTuple):
  """The scores of the images of one model, means over seeds.

  Attributes:
    frechet, confidence, classes, largest_share: see `judge.figures`.
    sharp: sharpness relative to test images.
  """

  frechet: float
  confidence: float
  classes: float
  largest_share: float
  sharp: float


def scored(images: Sequence[np.ndarray], real: np.ndarray, judge: Judge) -> Seen:
  """Scores the images [N, H, W, C] of each seed.

  Args:
    images: in [0, 1].
    real: test images in [0, 1].
    judge: a classifier of images in [-1, 1].
  """
  own = sharpness(real)
  rows = [
    figures(judge.name(2 * each - 1), judge.real()) | {'sharp': sharpness(each) / own}
    for each in images
  ]
  return Seen(*(float(np.mean([row[name] for row in rows])) for name in Seen._fields))


def pictures(
  samples: Mapping[str, Sequence[np.ndarray]],
  real: np.ndarray,
  judge: Judge,
  training: Mapping[str, float],
  sampling: Mapping[str, float],
) -> list[Picture]:
  """Draws samples and their scores, and the time that each model took.

  Args:
    samples: {way: images [N, H, W, C] in [0, 1] of each seed}, of all `WAYS`.
    real: test images [M, H, W, C] in [0, 1].
    judge: a classifier of images in [-1, 1].
    training: {model: seconds of its training}.
    sampling: {model: seconds of 64 images}.
  """
  seen = {way: scored(samples[way], real, judge) for way in WAYS}
  count = len(samples[DCGAN][0])
  test = first(judge.test(), count)
  floor = figures(test, judge.real())
  shown = {way: samples[way][0] for way in WAYS} | {'test images': real}
  return [images(shown, seen, floor['frechet']), time(seen, training, sampling)]


def images(
  shown: Mapping[str, np.ndarray], seen: Mapping[str, Seen], floor: float
) -> Picture:
  """Makes the picture of the images of each model, with the claims about them.

  Args:
    shown: {way: images}, real ones last.
    seen: {way: its scores}.
    floor: Fréchet distance of as many test images.
  """

  def show():
    figure, panels = draw.panels(8.5, 5.0, len(shown), 3, titles=list(shown))
    for axes, rows in zip(panels, shown.values(), strict=True):
      pixels = draw.tiles(rows[:SHOWN].astype(np.float32), ACROSS, GAP)
      axes.imshow(pixels, interpolation='none')
      draw.bare(axes)
    return figure

  words = '; '.join(
    f'{way}: {s.frechet:.3g}, {s.confidence:.2f}, {s.classes:g} kinds with '
    f'{s.largest_share:.0%} in the largest, sharpness {s.sharp:.2f}'
    for way, s in seen.items()
  )
  vae, dcgan = seen[MEANS], seen[DCGAN]
  better = min(vae.frechet, seen[DRAWS].frechet)
  return Picture(
    'Images of a VAE and of GANs',
    'Samples, not selected. The figures are the Fréchet distance to training images, '
    'the confidence and the kinds, all by a LeNet that was trained on real images, and '
    f'the sharpness relative to test images: {words}. The Fréchet distance of as many '
    f'test images is {floor:.3g}.',
    show,
    (
      Claim(
        'The mean images of a VAE are blurrier than those of a DCGAN',
        vae.sharp < dcgan.sharp,
        f'sharpness relative to test images {vae.sharp:.2f} against {dcgan.sharp:.2f}; '
        f'with the noise of p(x|z) {seen[DRAWS].sharp:.2f}',
      ),
      Claim(
        'A DCGAN makes better images than a VAE',
        dcgan.frechet < better,
        f'Fréchet distance {dcgan.frechet:.3g} against {vae.frechet:.3g} of means and '
        f'{seen[DRAWS].frechet:.3g} of draws',
      ),
    ),
  )


def time(
  seen: Mapping[str, Seen], training: Mapping[str, float], sampling: Mapping[str, float]
) -> Picture:
  """Makes the picture of the time that training and sampling take."""
  names = list(training)

  def show():
    figure, panels = draw.panels(7.5, 2.2, 2, titles=('training, s', '64 images, ms'))
    values = ([training[n] for n in names], [1e3 * sampling[n] for n in names])
    for axes, each in zip(panels, values, strict=True):
      axes.barh(range(len(names)), each, 0.7, color=draw.BLUE)
      axes.set_yticks(range(len(names)), names)
      axes.invert_yaxis()
    return figure

  words = ', '.join(
    f'{name} {training[name]:.0f} s and {1e3 * sampling[name]:.3g} ms' for name in names
  )
  mlp, dcgan = seen[MLP], seen[DCGAN]
  return Picture(
    'The time of training and of sampling',
    f'Training, and 64 images in one dispatch after compiling: {words}. Steps were '
    'chosen so that training takes about the same time.',
    show,
    (
      Claim(
        f'In at most {LONGER:g} times the training time, a DCGAN makes better images '
        'than a GAN of perceptrons',
        dcgan.frechet < mlp.frechet and training[DCGAN] <= LONGER * training[MLP],
        f'Fréchet distance {dcgan.frechet:.3g} against {mlp.frechet:.3g}, confidence '
        f'{dcgan.confidence:.2f} against {mlp.confidence:.2f}, in '
        f'{training[DCGAN]:.0f} and {training[MLP]:.0f} s',
      ),
    ),
  )
