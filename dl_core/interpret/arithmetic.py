"""Arithmetic with latents: smiling woman - neutral woman + neutral man = smiling man.

Radford, Metz & Chintala 2015, https://arxiv.org/abs/1511.06434, section 6.3.2, show it
in pictures, with the mean of three latents in each place. On faces whose kinds are
known it is counted: a classifier of real images chooses the latents by their samples,
and names the results. Two controls go with it: the last term alone, and the last term
with a random step as long as the difference of the other two.

Shapes: N latents, Z numbers of each, S pixels of a side, C channels.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import interpret
from dl_core.interpret.judge import Judge
from dl_core.report import draw
from dl_core.types import Claim, Data, Key, Picture

POOL, BLOCK = 4_000, 1_000  # latents to choose from, and that are used at a time
TRIALS, SHOWN = 200, 8  # sums of each kind, and those that are drawn
MEANS = (1, 3, 10)  # latents in the mean of each place
USED = 3  # of these, as in the paper
CLEAR = 0.8  # least confidence in the sample of a latent that is chosen
RIGHT, LUCK = 0.6, 0.3  # least share of the sums, most of the random steps
STEP, ALONE = 'random step', 'last term alone'
GAP = 2  # pixels between two images


class Equation(NamedTuple):
  """plus - minus + base = wanted, all of them names of classes."""

  plus: str
  minus: str
  base: str
  wanted: str

  def __str__(self) -> str:
    return f'({self.plus}) - ({self.minus}) + ({self.base}) = ({self.wanted})'


# Of `data.faces`, where long and short hair stand for the lecture's women and men.
SMILE = Equation('long hair, smile', 'long hair', 'short hair', 'short hair, smile')
GLASSES = Equation(
  'short hair, glasses', 'short hair', 'long hair', 'long hair, glasses'
)
EQUATIONS = (SMILE, GLASSES)


class Sums(NamedTuple):
  """The results of one equation.

  Attributes:
    right: {latents in a mean, or a control: share of its results that are named as
      wanted}; empty where the pool has no latent of some term.
    shown: images [SHOWN, 5, S, S, C] of the three terms, the result and the random
      step.
    lacking: the terms without a clear sample in the pool.
  """

  right: Mapping[Any, float]
  shown: np.ndarray
  lacking: tuple[str, ...] = ()


class Pool(NamedTuple):
  """Latents [POOL, Z] and, by the judge, the class and confidence [POOL] of each."""

  z: np.ndarray
  said: np.ndarray
  confidence: np.ndarray


Generate = Callable[[Any], np.ndarray]  # latents [BLOCK, Z] -> images [BLOCK, S, S, C]


def pooled(generate: Generate, judge: Judge, latent: int, key: Key) -> Pool:
  """Draws latents from N(0, I) and names their samples."""
  z = np.asarray(jax.random.normal(key, (POOL, latent)))
  named = [
    judge.name(generate(jnp.asarray(part))) for part in np.split(z, POOL // BLOCK)
  ]
  said, confidence = (
    np.concatenate([getattr(each, name) for each in named])
    for name in ('said', 'confidence')
  )
  return Pool(z, said, confidence)


def added(
  equation: Equation,
  classes: Sequence[str],
  generate: Generate,
  judge: Judge,
  pool: Pool,
  seed: int,
) -> Sums:
  """Adds and subtracts, for every number of latents in a mean."""
  random = np.random.default_rng(seed)
  terms = equation[:3]
  clear = pool.confidence >= CLEAR
  found = [np.flatnonzero(clear & (pool.said == classes.index(term))) for term in terms]
  lacking = tuple(
    term for term, each in zip(terms, found, strict=True) if not len(each)
  )
  if lacking:
    return Sums({}, np.zeros((0,)), lacking)
  parts: dict[Any, np.ndarray] = {}
  places: dict[str, np.ndarray] = {}
  for count in MEANS:
    plus, minus, base = (
      pool.z[random.choice(each, (TRIALS, count))].mean(axis=1) for each in found
    )
    parts[count] = plus - minus + base
    if count == USED:
      places = {'plus': plus, 'minus': minus, 'base': base}
      far = np.linalg.norm(plus - minus, axis=1, keepdims=True)
      step = random.normal(size=base.shape)
      step *= far / np.linalg.norm(step, axis=1, keepdims=True)
      parts |= {STEP: base + step, ALONE: base}
  z = np.concatenate([*parts.values()])
  images = generate(jnp.asarray(z, jnp.float32))  # BLOCK of them
  right = judge.name(images).said == classes.index(equation.wanted)
  shares = right.reshape(len(parts), TRIALS).mean(axis=1)
  terms_shown = np.concatenate([each[:SHOWN] for each in places.values()])
  padded = np.resize(terms_shown, (BLOCK, z.shape[1]))
  given = generate(jnp.asarray(padded, jnp.float32))[: len(terms_shown)]
  rows = images.reshape(len(parts), TRIALS, *images.shape[1:])
  results = dict(zip(parts, rows, strict=True))
  columns = [*np.split(given, 3), results[USED][:SHOWN], results[STEP][:SHOWN]]
  return Sums(dict(zip(parts, map(float, shares), strict=True)), np.stack(columns, 1))


def claim(equation: Equation, sums: Sums) -> Claim:
  """Returns what the results of an equation bear out."""
  sentence = (
    f'{equation} in at least {RIGHT:.0%} of {TRIALS} sums of means of {USED}, and of '
    f'random steps of the same length in at most {LUCK:.0%}'
  )
  if sums.lacking:
    return Claim(sentence, False, f'no clear sample of {" and ".join(sums.lacking)}')
  right = sums.right
  return Claim(
    sentence,
    right[USED] >= RIGHT and right[STEP] <= LUCK,
    f'{right[USED]:.1%} and {right[STEP]:.1%}; the last term alone {right[ALONE]:.1%}',
  )


def pictures(
  generate: Generate, judge: Judge, classes: Sequence[str], latent: int, key: Key
) -> list[Picture]:
  """Makes the pictures of all equations: their images and their shares."""
  pool = pooled(generate, judge, latent, jax.random.fold_in(key, 2))
  found = {
    equation: added(equation, classes, generate, judge, pool, seed)
    for seed, equation in enumerate(EQUATIONS)
  }
  shown = [picture(*each, judge) for each in found.items()]
  return (
    [*shown, shares(found)] if all(sums.right for sums in found.values()) else shown
  )


def picture(equation: Equation, sums: Sums, judge: Judge) -> Picture:
  """Makes the picture of one equation: terms, result and control in each row."""

  def show():
    if sums.lacking:
      return f'The samples show no {" and no ".join(sums.lacking)}.'
    pixels = np.round((np.clip(sums.shown, -1, 1) + 1) * 127.5).astype(np.uint8)
    rows = pixels.swapaxes(0, 1).reshape(-1, *pixels.shape[2:])
    figure, axes = draw.sheet(draw.tiles(rows, SHOWN, GAP, 2), 6.0)
    side = 2 * pixels.shape[2] + GAP
    labels = ('plus', 'minus', 'plus', 'result', STEP)
    axes.set_yticks(side * (np.arange(5) + 0.5), labels)
    axes.tick_params(length=0)
    return figure

  return Picture(
    'Adding and subtracting latents',
    f'{equation}. Each column is one sum; rows are the samples of three means of '
    f'{USED} latents, of their sum, and of the last mean after a random step. A LeNet '
    f'that reads {judge.accuracy():.1%} of the test images right chooses the latents '
    'and names the results.',
    show,
    (claim(equation, sums),),
  )


def shares(found: Mapping[Equation, Sums]) -> Picture:
  """Makes the picture of the shares of right results."""
  labels = [*(f'means of {count}' for count in MEANS), STEP, ALONE]

  def show():
    figure, axes = draw.panel(6.5, 2.6)
    bars = {
      equation.wanted: 100
      * np.array([sums.right[part] for part in (*MEANS, STEP, ALONE)])
      for equation, sums in found.items()
    }
    draw.bars(axes, bars, colours=(draw.BLUE, draw.ORANGE))
    axes.set_xticks(range(len(labels)), labels)
    axes.set_ylabel('named as wanted, %')
    draw.legend(axes)
    return figure

  return Picture(
    'How often the sum is what it should be',
    f'The share of {TRIALS} results that the classifier names as wanted, by the number '
    'of latents in the mean of each term, beside the two controls.',
    show,
  )


def report(
  generator: Callable[[Any], Generate], judge: Judge, latent: int
) -> interpret.Report:
  """Makes an experiment's `report`, for data whose classes are those of `data.faces`.

  Args:
    generator: (variables) -> latents -> images.
    judge: the classifier of samples.
    latent: Z.
  """

  def drawn(variables: Any, observed: Any, data: Data, key: Key) -> list[Picture]:
    del observed
    return pictures(generator(variables), judge, data.spec.classes, latent, key)

  return drawn
