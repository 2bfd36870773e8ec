"""Judges and draws a generator that is asked for images of a class.

Shapes: N samples, S pixels of a side, C channels, K classes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import metrics
from dl_core.interpret.gan import draw_rows
from dl_core.interpret.judge import Judge, Names, figures
from dl_core.report import draw
from dl_core.types import Array, Claim, Data, Key, Picture, Variables

SHOWN = 10  # samples of each class that are drawn
ASKED = 0.95  # share of samples at least, see `right`

metrics.declare('asked', fraction=True)

Sample = Callable[[Variables, Key, Array], np.ndarray]


class Generator(NamedTuple):
  """A generator of images of a class, and the classifier of its samples.

  Attributes:
    sample: (variables, key, classes [N]) -> images [N, S, S, C] in [-1, 1], as the
      judge reads them.
    classes: K.
    judge: the classifier.
    samples: number of samples that it classifies.
  """

  sample: Sample
  classes: int
  judge: Judge
  samples: int = 1_000


def classes_of(classes: int, count: int) -> Array:
  """Returns the classes 0, 1 ... K - 1, 0 ... of so many samples."""
  return jnp.arange(count) % classes


def named(of: Generator, variables: Variables, key: Key) -> tuple[Names, np.ndarray]:
  """Names samples; returns the Names, and the classes [N] that were asked for."""
  wanted = classes_of(of.classes, of.samples)
  images = of.sample(variables, jax.random.fold_in(key, 2), wanted)
  return of.judge.name(images), np.asarray(wanted)


def scores(of: Generator) -> Callable[[Variables, Data, Key], Mapping[str, float]]:
  """Makes an experiment's `scores` of samples, each class asked for as often.

  `asked` is the share that a classifier takes for the class that was asked for; the
  others are `judge.figures`.
  """

  def score(variables, data, key):
    del data
    names, wanted = named(of, variables, key)
    right = float(np.mean(names.said == wanted))
    return {'asked': right} | figures(names, of.judge.real())

  return score


def pictures(
  of: Generator, variables: Variables, key: Key, classes: Sequence[str]
) -> list[Picture]:
  """Shows samples of every class, and how often a classifier finds the class."""
  names, wanted = named(of, variables, key)
  return [
    by_class(of, variables, key, classes),
    right(names.said, wanted, classes, of.judge.accuracy()),
  ]


def by_class(
  of: Generator, variables: Variables, key: Key, classes: Sequence[str]
) -> Picture:
  """Makes the picture of every class, asked for with the same random numbers."""
  key = jax.random.fold_in(key, 3)
  rows = np.stack(
    [of.sample(variables, key, jnp.full(SHOWN, k)) for k in range(of.classes)]
  )
  return Picture(
    'Asked for every class',
    'A row for each class that was asked for; the images of a column are sampled with '
    'the same random numbers. Not selected.',
    lambda: draw_rows(rows, [name[:10] for name in classes], ''),
  )


def right(
  said: np.ndarray, wanted: np.ndarray, classes: Sequence[str], accuracy: float
) -> Picture:
  """Makes the picture of how often samples are of the class that was asked for.

  Args:
    said: [N], the classes that a classifier predicts.
    wanted: [N], the classes that were asked for.
    classes: their names.
    accuracy: of the classifier on test images.
  """
  share = float(np.mean(said == wanted))
  each = np.array([np.mean(said[wanted == k] == k) for k in range(len(classes))])
  shuffled = np.random.default_rng(0).permutation(wanted)
  control = f'{np.mean(said == shuffled):.1%} with the classes shuffled'

  def show():
    figure, axes = draw.panel(6.0, 2.4, ylim=(0, 105))
    draw.bars(axes, {'': 100 * each}, [name[:10] for name in classes])
    axes.set(xlabel='class asked for', ylabel='samples classified so, %')
    return figure

  return Picture(
    'The class that was asked for',
    f'{len(said):,} samples, every class asked for as often. A LeNet that reads '
    f'{accuracy:.1%} of the test images right takes {share:.1%} of them for the class '
    f'that was asked for, {control}; {each.min():.0%} in the worst class.',
    show,
    claims=(
      Claim(
        f'At least {ASKED:.0%} of the samples are of the class that was asked for',
        share >= ASKED,
        f'{share:.1%}; {control}',
      ),
    ),
  )
