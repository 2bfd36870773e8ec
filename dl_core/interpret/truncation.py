"""Draws what truncation trades: how sure a classifier is against how samples vary.

Shapes: N samples, S pixels of a side, C channels, K classes.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from dl_core.interpret.gan import draw_rows
from dl_core.interpret.judge import Judge, frechet
from dl_core.report import draw
from dl_core.types import Claim, Picture

COUNT, SHOWN = 400, 12  # samples that are measured, and that are drawn
SLACK = 0.005  # of the confidence: two standard errors of its mean, about


class Curve(NamedTuple):
  """What samples are like at every strength of truncation, from none on.

  Attributes:
    values: of the threshold or factor, falling.
    images: the first samples at each of them, [values, SHOWN, S, S, C].
    confidence: mean probability of the class that a classifier predicts.
    spread: mean absolute difference of a pixel of two samples of the same class.
    frechet: see `judge.frechet`.
  """

  values: Sequence[float]
  images: np.ndarray
  confidence: np.ndarray
  spread: np.ndarray
  frechet: np.ndarray

  @property
  def monotone(self) -> bool:
    """Whether the confidence rises, but for its error, and the spread falls."""
    steps = np.diff(self.confidence)
    rises = np.all(steps >= -SLACK) and self.confidence[-1] > self.confidence[0]
    return bool(rises and np.all(np.diff(self.spread) < 0))


def measured(
  values: Sequence[float],
  sample: Callable[[float], np.ndarray],
  judge: Judge,
  classes: int = 1,
) -> Curve:
  """Measures samples at each strength of truncation.

  Args:
    values: see `Curve`.
    sample: (value) -> `COUNT` images [N, S, S, C] in [-1, 1].
    judge: a classifier of such images.
    classes: sample n is of the class n mod `classes`.
  """
  real = judge.real().features
  rows = []
  for value in values:
    images = sample(value)
    names = judge.name(images)
    apart = np.abs(images - np.roll(images, classes, axis=0)).mean() / 2
    rows.append(
      (images[:SHOWN], names.confidence.mean(), apart, frechet(names.features, real))
    )
  return Curve(values, *map(np.stack, zip(*rows, strict=True)))


def picture(curve: Curve, symbol: str, about: str) -> Picture:
  """Makes the picture of a curve, samples above it.

  Args:
    curve: what was measured.
    symbol: name of the value on the axis.
    about: a sentence on what the value does.
  """

  def show():
    figure, panels = draw.panels(6.8, 2.4, 3)
    columns = (
      ('confidence', curve.confidence),
      ('difference of two samples', curve.spread),
      ('Fréchet distance', curve.frechet),
    )
    for axes, (label, values) in zip(panels, columns, strict=True):
      axes.plot(curve.values, values, 'o-', color=draw.BLUE, ms=3)
      axes.set(xlabel=symbol, ylabel=label)
      axes.invert_xaxis()
    return figure

  first, last = (
    f'{curve.confidence[n]:.3f} and {curve.spread[n]:.3f}' for n in (0, -1)
  )
  return Picture(
    'What truncation trades',
    f'{about} Mean confidence of a classifier and mean difference of two samples of a '
    f'class: {first} without truncation, {last} at {symbol} = {curve.values[-1]:g}.',
    show,
    claims=(
      Claim(
        'The stronger the truncation, the surer a classifier and the less samples vary',
        curve.monotone,
        'confidence '
        + ', '.join(f'{value:.3f}' for value in curve.confidence)
        + '; difference '
        + ', '.join(f'{value:.3f}' for value in curve.spread),
      ),
    ),
  )


def rows(curve: Curve, symbol: str) -> Picture:
  """Makes the picture of samples at every strength, the same latents in a column."""
  return Picture(
    'Samples under truncation',
    f'Samples at {symbol} = '
    f'{", ".join(f"{value:g}" for value in curve.values)}, from top to bottom.',
    lambda: draw_rows(curve.images, [f'{value:g}' for value in curve.values], symbol),
  )
