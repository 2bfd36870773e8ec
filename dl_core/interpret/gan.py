"""Draws what a generative adversarial network has learnt.

Shapes: N samples, Z latents, S pixels of a side, C channels, K classes.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from dl_core import interpret, train
from dl_core.interpret import interpolation, saturation
from dl_core.interpret.interpolation import PAIRS, STOPS, Walked
from dl_core.interpret.judge import Judge, Names, convincing, figures, first
from dl_core.models.gan import GAN, generate
from dl_core.report import draw
from dl_core.types import Array, Experiment, Key, Picture, Sample, Variables

SHOWN, COUNT = 64, 1_000  # samples that are drawn, and that are named
PATHS = 6  # walks between two latents that are drawn
GAP = 2  # pixels between two images

Generate = Callable[[Variables, Array], np.ndarray]


def sampler(model: GAN) -> Generate:
  """Makes (variables, latents [N, Z]) -> images [N, S, S, C] in [-1, 1]."""
  compiled = jax.jit(lambda variables, z: generate(model, variables, z))
  return lambda variables, z: np.asarray(compiled(variables, z))


def generator(model: GAN) -> Callable[[Variables], Callable[[Any], np.ndarray]]:
  """Makes (variables) -> latents [N, Z] -> images [N, S, S, C] in [-1, 1]."""
  generate = sampler(model)
  return lambda variables: functools.partial(generate, variables)


def latents(model: GAN, key: Key, count: int) -> Array:
  """Draws latents [N, Z]; the same key gives the same latents."""
  return jax.random.normal(jax.random.fold_in(key, 1), (count, model.latent))


def samples(model: GAN) -> Sample:
  """Makes an experiment's `sample`."""
  generate = sampler(model)

  def draw_images(variables, key, count):
    return (generate(variables, latents(model, key, count)) + 1) / 2

  return draw_images


def observe(model: GAN):
  """Makes an experiment's `observe`: samples of latents that never change."""
  sample = sampler(model)

  def look(variables, data, key):
    del data
    images = sample(variables, latents(model, key, SHOWN))
    return {'samples': np.round((images + 1) * 127.5).astype(np.uint8)}

  return look


def scores(model: GAN, judge: Judge):
  """Makes an experiment's `scores`: the `judge.figures` of 1,000 samples."""
  sample = sampler(model)

  def score(variables, data, key):
    del data
    names = judge.name(sample(variables, latents(model, key, COUNT)))
    return figures(names, judge.real())

  return score


def report(
  model: GAN, judge: Judge, played: Experiment, noise: float = 0.0
) -> interpret.Report:
  """Makes an experiment's `report`.

  Args:
    model: the players.
    judge: the classifier of samples.
    played: the experiment, whose first steps are run again.
    noise: see `tasks.gan`.
  """
  sample, replay = sampler(model), saturation.replay(played, model, noise)
  begin = jax.jit(functools.partial(train.init_state, played))

  def pictures(variables, observed, data, key):
    start = begin(key)
    z = latents(model, key, COUNT)
    before = judge.name(sample(start.variables, z))
    after = judge.name(sample(variables, z))
    generate = functools.partial(sample, variables)
    ends = np.asarray(z[: interpolation.LATENTS])
    return [
      over_time({step: seen['samples'] for step, seen in observed.items()}),
      final(sample(variables, z[:SHOWN])),
      path(interpolation.walked(generate, judge, data, ends)),
      kinds(before, after, judge, data.spec.classes),
      saturation.picture(*replay(start)),
    ]

  return pictures


def over_time(samples: Mapping[int, np.ndarray], most: int = 7) -> Picture:
  """Makes the picture of the samples [N, S, S, C] (uint8) of fixed latents."""
  steps = sorted(samples)
  chosen = np.unique(np.linspace(0, len(steps) - 1, most).round().astype(int))
  steps = [steps[place] for place in chosen]
  rows = np.stack([samples[step][:12] for step in steps]).astype(np.float32)
  moved = np.abs(rows[-1] - rows[-2]).mean() / 255 if len(rows) > 1 else 0.0
  return Picture(
    'Samples over time',
    f'Samples of the same {rows.shape[1]} latents, from top to bottom at steps '
    f'{", ".join(f"{step:,}" for step in steps)}. Between the last two rows a pixel '
    f'changed by {moved:.1%} of its range, on average.',
    lambda: draw_rows(rows / 127.5 - 1, [f'{step:,}' for step in steps], 'step'),
  )


def final(images: np.ndarray) -> Picture:
  """Makes the picture of samples [N, S, S, C]."""
  across = 16 if len(images) % 16 == 0 else 8
  rows = images.reshape(-1, across, *images.shape[1:])
  spread = np.abs(images[:, None] - images[None]).mean(axis=(2, 3, 4)) / 2
  apart = spread[~np.eye(len(images), dtype=bool)].mean()
  return Picture(
    'Samples',
    f'{len(images)} samples of latents drawn from N(0, I), not selected. Two of them '
    f'differ by {apart:.1%} of the range of a pixel, on average.',
    lambda: draw_rows(rows, [], ''),
  )


def path(walked: Walked) -> Picture:
  """Makes the picture of the images between pairs of latents."""
  rows, strides = walked.images[:PATHS], walked.strides
  whole = np.abs(walked.images[:, -1] - walked.images[:, 0]).mean() / 2
  return Picture(
    'Between two latents',
    f'Each row goes from one latent to another in {STOPS - 1} equal strides along an '
    f'arc. Over {len(strides)} walks a pixel changes by {strides.mean():.1%} of its '
    f'range in a stride, on average (by {strides.max():.1%} in the longest), by '
    f'{whole:.1%} from end to end. The confidence is that of a LeNet trained on the '
    f'real images, in {PAIRS} pairs.',
    lambda: draw_rows(rows, [], ''),
    interpolation.claims(walked),
  )


def kinds(before: Names, after: Names, judge: Judge, classes: Sequence[str]) -> Picture:
  """Makes the picture of the classes of samples, before and after training."""
  k, real, test = len(classes), judge.real(), first(judge.test(), len(after.said))

  def told(names):
    found = figures(names, real)
    verdict = 'convincing' if convincing(found, k) else 'not convincing'
    return (
      f'{found["classes"]:.0f} of {k} classes, {found["largest_share"]:.1%} in the '
      f'largest, mean confidence {found["confidence"]:.2f}, Fréchet distance '
      f'{found["frechet"]:.4g} ({verdict})'
    )

  def show():
    figure, axes = draw.panel(6.5, 2.6)
    groups = {'before training': before, 'after': after, 'training set': real}
    shares = {
      label: 100 * np.bincount(names.said, minlength=k) / len(names.said)
      for label, names in groups.items()
    }
    draw.bars(axes, shares, colours=(draw.ORANGE, draw.BLUE, draw.GREEN))
    labels = [name[:14] for name in classes]
    turn = 90 if sum(map(len, labels)) > 60 else 0
    axes.set_xticks(range(k), labels, rotation=turn, parse_math=False)
    axes.set_ylabel('images classified so, %')
    draw.legend(axes)
    return figure

  return Picture(
    'What a classifier takes the samples for',
    f'A LeNet trained on the real images, which reads {judge.accuracy():.1%} of the '
    f'test images right, classifies {len(after.said):,} samples. Before training: '
    f'{told(before)}. After: {told(after)}. {len(test.said):,} test images themselves: '
    f'{told(test)}. Fréchet distances of different numbers of images are not '
    'comparable. Convincing means: all classes occur, none above '
    f'{2.5 / k:.0%}, and the confidence is at least 0.8.',
    show,
  )


def draw_rows(rows: np.ndarray, labels: Sequence[str], heading: str) -> Any:
  """Draws images [rows, N, S, S, C] in [-1, 1], a label beside each row."""
  figure, axes = draw.sheet(tiles(rows), 7.0)
  places = (rows.shape[2] + GAP) * np.arange(len(labels)) + rows.shape[2] / 2
  axes.set_yticks(places, labels)
  axes.set_ylabel(heading)
  axes.tick_params(length=0)
  return figure


def tiles(rows: np.ndarray) -> np.ndarray:
  """Returns images [rows, N, S, S, C] in [-1, 1] as one RGBA image, rows kept."""
  pixels = np.round((np.clip(rows, -1, 1) + 1) * 127.5).astype(np.uint8)
  return draw.tiles(pixels.reshape(-1, *rows.shape[2:]), rows.shape[1], GAP)
