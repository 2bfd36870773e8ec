"""Compares models that generate images: autoencoder, VAE, GAN and PixelCNN.

Shapes: N images, H x W pixels, C channels.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from dl_core.interpret.judge import Judge, figures
from dl_core.report import draw
from dl_core.types import Claim, Picture

SHOWN, ACROSS, GAP = 20, 10, 2
SLOWER = 10  # least ratio of seconds, pixel by pixel over one pass
AUTOENCODER, FITTED, VAE, GAN = (
  'autoencoder, N(0, I)', "autoencoder, the codes' Gaussian", 'vae', 'gan',
)  # fmt: skip


class Cost(NamedTuple):
  """The cost of sampling 64 images.

  Attributes:
    seconds: for all images in one dispatch, after compiling.
    passes: of the network.
    values: in an image.
  """

  seconds: float
  passes: int
  values: int


def timed(make: Callable[[], Any], repeats: int = 3) -> float:
  """Returns the seconds of a call, the best of several after the first."""
  make()
  found = []
  for _ in range(repeats):
    begun = time.perf_counter()
    make()
    found.append(time.perf_counter() - begun)
  return min(found)


def sharpness(images: np.ndarray) -> float:
  """Returns the mean difference of neighbouring pixels over the mean of the pixels."""
  steps = (
    np.abs(np.diff(images, axis=1)).mean() + np.abs(np.diff(images, axis=2)).mean()
  )
  return float(steps / (images.mean() + 1e-9))


def pictures(
  samples: Mapping[str, np.ndarray],
  real: np.ndarray,
  judge: Judge,
  writing: Mapping[str, Cost],
) -> list[Picture]:
  """Draws samples, their scores, and the time that sampling takes.

  Args:
    samples: {model: images [N, H, W, C] in [0, 1]}.
    real: test images [M, H, W, C] in [0, 1].
    judge: a classifier of images in [-1, 1].
    writing: {model: cost of 64 images}; the first model samples pixel by pixel.
  """
  seen = {
    way: figures(judge.name(2 * images - 1), judge.real())
    for way, images in samples.items()
  }
  own = sharpness(real)
  sharp = {way: sharpness(images) / own for way, images in samples.items()}
  return [shown(samples, seen, sharp), paid(writing)]


def shown(samples: Mapping, seen: Mapping, sharp: Mapping[str, float]) -> Picture:
  """Makes the picture of the samples of each model, with their scores."""

  def show():
    figure, panels = draw.panels(8.0, 2.5, len(samples), 2, titles=list(samples))
    for axes, images in zip(panels, samples.values(), strict=True):
      pixels = draw.tiles(images[:SHOWN].astype(np.float32), ACROSS, GAP)
      axes.imshow(pixels, interpolation='none')
      draw.bare(axes)
    return figure

  words = '; '.join(
    f'{way}: {f["frechet"]:.3g}, {f["confidence"]:.2f}, {sharp[way]:.2f}'
    for way, f in seen.items()
  )
  frechet = {way: f['frechet'] for way, f in seen.items()}
  return Picture(
    'Generated images',
    'Samples, not selected. The figures are the Fréchet distance to real images and '
    'the confidence, both by a classifier of real images, and the sharpness relative '
    f'to test images: {words}. The images of the VAE are means.',
    show,
    (
      Claim(
        'From codes of N(0, I), a VAE makes better images than an autoencoder',
        frechet[VAE] < frechet[AUTOENCODER],
        f'Fréchet distance {frechet[VAE]:.3g} against {frechet[AUTOENCODER]:.3g}',
      ),
      Claim(
        'A VAE also makes better images than an autoencoder whose codes are drawn from '
        'a Gaussian fitted to its training codes',
        frechet[VAE] < frechet[FITTED],
        f'{frechet[VAE]:.3g} against {frechet[FITTED]:.3g}',
      ),
      Claim(
        'The images of a VAE are blurrier than those of a GAN',
        sharp[VAE] < sharp[GAN],
        f'sharpness relative to test images {sharp[VAE]:.2f} against {sharp[GAN]:.2f}',
      ),
    ),
  )


def paid(writing: Mapping[str, Cost]) -> Picture:
  """Makes the picture of the time that sampling 64 images takes."""
  names, costs = list(writing), list(writing.values())
  ratio = costs[0].seconds / max(cost.seconds for cost in costs[1:])

  def show():
    figure, axes = draw.panel(5.0, 0.5 + 0.45 * len(names), xscale='log')
    axes.barh(range(len(names)), [1e3 * cost.seconds for cost in costs], 0.7)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel('milliseconds for 64 images')
    axes.invert_yaxis()
    return figure

  words = ', '.join(
    f'{name}: {cost.passes} passes for {cost.values} values'
    for name, cost in writing.items()
  )
  return Picture(
    'The cost of an image',
    f'Time to sample 64 images in one dispatch, after compiling: {words}.',
    show,
    (
      Claim(
        f'Sampling small images pixel by pixel takes at least {SLOWER} times as long '
        'as large images in one pass',
        ratio >= SLOWER,
        f'{ratio:.3g} times',
      ),
    ),
  )
