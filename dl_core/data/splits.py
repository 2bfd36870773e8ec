"""Draws splits by a fixed seed, the same on every machine and in every version.

Shapes: N examples, F features.
"""

import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from dl_core.types import Data, UserError

VALIDATION, TEST = 0.1, 0.2  # shares of the training examples, where they are carved
MOST = 5_000  # examples carved for validation
UNLABELLED = frozenset({('imagenet2012', 'test')})  # all labels are -1


class Few(NamedTuple):
  """How many training examples of each class are kept, 0: all; the seed of the draw."""

  each: int = 0
  draw: int = 0


ALL = Few()


class Parts(NamedTuple):
  """How train, validation and test are made from the splits that a set comes with.

  Attributes:
    given: {ours: its}.
    lacking: the splits carved from its train; the remainder is train.
    train_size: examples of the remainder that are kept; 0: all.
    notes: sentences that describe the carving.
    few: which of these are kept, in turn.
  """

  given: Mapping[str, str]
  lacking: tuple[str, ...]
  train_size: int
  notes: tuple[str, ...]
  few: Few = ALL


def examples(data: Data, split: str) -> tuple[np.ndarray, np.ndarray]:
  """Returns the inputs [N, F] and labels [N] of a split, without padding."""
  read = [(b.x[b.weight > 0], b.y[b.weight > 0]) for b in data.splits[split]()]
  x, y = (np.concatenate(arrays) for arrays in zip(*read, strict=True))
  return x, y


def parts(
  source: str,
  declared: Mapping[str, int],
  train_size: int = 0,
  classes: bool = True,
  own: bool = False,
  few: Few = ALL,
) -> Parts:
  """Returns three splits of a set, carved from train where it lacks one.

  A published set with validation and no test is tested on its validation, so that
  nothing is chosen on it; a user's validation stays what the user calls it.

  Args:
    source: which set.
    declared: {split: its examples}, those that it comes with.
    train_size: training examples that are kept, drawn by a fixed seed; 0: all.
    classes: whether its examples are of classes.
    own: whether it is a user's own.
    few: which training examples are kept.

  Raises:
    UserError: it has no train.
  """
  if 'train' not in declared:
    raise UserError(
      f'{source} was given, which has only {", ".join(declared)}; '
      'give a set with a split train'
    )
  given = {
    name: name
    for name in ('validation', 'test')
    if name in declared and (source.partition('/')[0], name) not in UNLABELLED
  }
  if list(given) == ['validation'] and not own:
    given = {'test': 'validation'}
  lacking = tuple(name for name in ('test', 'validation') if name not in given)
  shares = {'test': f'{TEST:.0%}', 'validation': f'{VALIDATION:.0%} (at most {MOST:,})'}
  notes = tuple(
    f'The {name} set is {shares[name]} of the training examples, drawn by a fixed '
    f'seed{", each class in proportion" if classes else ""}.'
    for name in lacking
  )
  if few.each:
    notes += (f'The training set has {few.each} examples of each class.',)
  if not lacking and not train_size and not few.each:
    given['train'] = 'train'
  return Parts(given, lacking, train_size, notes, few)


def carved(source: str, parts: Parts, labels: np.ndarray) -> dict[str, np.ndarray]:
  """Divides the train of a set into {split: the numbers of its examples}.

  Args:
    source: which set.
    parts: which are carved.
    labels: of its train, integers [n]; all the same where there are no classes.

  Raises:
    UserError: there are too few examples.
  """
  left, found = np.arange(len(labels)), {}
  for name in parts.lacking:
    count = round((TEST if name == 'test' else VALIDATION) * len(labels))
    if name == 'validation':
      count = min(count, MOST)
    try:
      chosen = carve(labels[left], max(count, 1))
    except ValueError:
      classes = len(np.unique(labels))
      raise UserError(
        f'{source} has {len(labels)} training examples'
        f'{f" of {classes} classes" if classes > 1 else ""}, too few to set some apart '
        f'as {" and ".join(parts.lacking)}; add some'
      ) from None
    found[name], left = left[chosen], left[~chosen]
  if parts.train_size:
    try:
      left = left[carve(labels[left], parts.train_size)]
    except ValueError:
      raise UserError(
        f'--train_size={parts.train_size} was given, but {source} has '
        f'{len(left)} training examples; give fewer, or 0 for all of them'
      ) from None
  if parts.few.each:
    left = left[few(labels[left], *parts.few)]
  return found | {'train': left}


def numbered(
  source: str, parts: Parts, count: Callable[[], int]
) -> Callable[[str], tuple[str, np.ndarray | None]]:
  """Makes (split) -> (the split of the set that it comes from, which examples of it).

  Args:
    source: which set; its examples have no classes.
    parts: which splits are carved.
    count: () -> number of examples of its train; called when a carved split is read.

  Returns:
    A function whose second result holds the numbers of the examples, or is None for all
    of them. It raises UserError where there are too few examples; see `carved`.
  """

  @functools.cache
  def found():
    return carved(source, parts, np.zeros(count(), np.int32))

  def numbers(name):
    given = parts.given.get(name)
    return (given, None) if given else ('train', found()[name])

  return numbers


def divided(labels: np.ndarray, counts: Mapping[str, int]) -> dict[str, np.ndarray]:
  """Divides all examples into {split: the numbers [count] of its examples}.

  Args:
    labels: integers [n]; all the same where there are no classes.
    counts: of 'train', 'validation' and 'test', n together.
  """
  test = carve(labels, counts['test'])
  rest = np.flatnonzero(~test)
  chosen = carve(labels[rest], counts['validation'])
  return {
    'train': rest[~chosen],
    'validation': rest[chosen],
    'test': np.flatnonzero(test),
  }


def carve(labels: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
  """Chooses `count` examples, each class in proportion to its size.

  The places that rounding leaves over go to the largest remainders. Every class keeps
  at least one example that is not chosen.

  Args:
    labels: integers [n].
    count: how many to choose.
    seed: draws the choice. (`RandomState`'s stream is frozen; `Generator`'s is not.)

  Returns:
    Booleans [n], True where chosen.

  Raises:
    ValueError: fewer than `count` can be chosen.
  """
  classes, which, sizes = np.unique(labels, return_inverse=True, return_counts=True)
  if count > (sizes - 1).sum():
    raise ValueError(f'{count=} is more than {len(labels)=} less one for each class')
  exact = sizes * (count / max(len(labels), 1))
  quotas = np.floor(exact).astype(int)
  while (short := count - quotas.sum()) > 0:
    wanting = np.where(quotas < sizes - 1, exact - quotas, -np.inf)
    free = np.argsort(-wanting, kind='stable')[:short]
    quotas[free[wanting[free] > -np.inf]] += 1
  chosen, random = np.zeros(len(labels), bool), np.random.RandomState(seed)
  for number in range(len(classes)):
    chosen[random.permutation(np.flatnonzero(which == number))[: quotas[number]]] = True
  return chosen


def few(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
  """Draws `count` examples of each class, the same on every machine.

  Args:
    labels: integers [n].
    count: how many of each class; where a class has fewer, all of it.
    seed: of the draw. (`RandomState`'s stream is frozen; `Generator`'s is not.)

  Returns:
    Their numbers, in rising order.
  """
  random = np.random.RandomState(seed)
  drawn = [
    random.permutation(np.flatnonzero(labels == label))[:count]
    for label in np.unique(labels)
  ]
  return np.sort(np.concatenate(drawn))
