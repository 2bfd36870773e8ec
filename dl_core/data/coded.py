"""Reads the splits of text as tokens, through caches beside a prepared set."""

import contextlib
import functools
import json
from collections.abc import Callable

import numpy as np

from dl_core.data import (
  batches,
  cache,
  encodings,
  sources,
  vocabularies,
  vocabulary,
)
from dl_core.data.declarations import Declaration
from dl_core.data.vocabularies import Choice
from dl_core.data.vocabulary import Encoded, Vocabulary
from dl_core.types import UserError

CODING = 2  # raised whenever what is cached changes


def characters(declaration: Declaration, given: Vocabulary, split: str) -> np.ndarray:
  """Reads a split of a prepared set as the numbers [n] of its characters."""
  mend = 'delete it and prepare the set again'

  def make():
    place = f'the {split} split of {declaration.folder}'
    return {'ids': read_by(given, joined(declaration, split), place, mend).ids}

  name = f'{split}-text-{batches.digest(points(given))[:8]}-{CODING}.npz'
  return cache.cached(declaration.folder / 'decoded' / name, make)['ids']


def single(ids: np.ndarray) -> Encoded:
  """Returns tokens of one character each."""
  return Encoded(ids, np.broadcast_to(np.uint8(1), ids.shape))


def constant(train: np.ndarray, test: np.ndarray, size: int) -> dict[str, float]:
  """Scores the constant prediction: the frequency of each token in training.

  Args:
    train, test: their tokens [n].
    size: V of the vocabulary.

  Returns:
    nats: cross entropy per token of the test split, with one added to each count;
    accuracy: of the most frequent token.
  """
  counts = np.bincount(train, minlength=size) + 1
  nats = np.log(counts.sum() / counts)[test]
  return {
    'nats': float(np.mean(nats)),
    'accuracy': float(np.mean(test == counts.argmax())),
  }


def points(given: Vocabulary) -> np.ndarray:
  """Returns the code points of a vocabulary of characters."""
  return vocabulary.points(json.loads(given.content)['tokens'])


def read_by(
  given: Vocabulary, text: str, place: str, mend: str = 'give another vocabulary'
) -> Encoded:
  """Encodes a text.

  Args:
    given: the vocabulary.
    text: to encode.
    place: where it is from, and `mend`, what the user can do, are said in errors.
    mend: see `place`.

  Raises:
    UserError: it has a character that the vocabulary lacks.
  """
  try:
    return given.encode(text)
  except vocabulary.Unknown as error:
    raise UserError(
      f'{place} has {text[error.args[0]]!r}, which its vocabulary lacks; {mend}'
    ) from error


def checked(source: str, read: Callable[[str], Encoded]) -> Callable[[str], Encoded]:
  """Makes (split) -> its tokens, which reads each split once and refuses an empty one.

  Args:
    source: whose splits.
    read: (split) -> its tokens.
  """

  @functools.cache
  def tokens(split):
    found = read(split)
    if not found.ids.size:
      raise UserError(
        f'{source} was given, whose {split} split is empty; give a set that has one'
      )
    return found

  return tokens


def encoded(
  declaration: Declaration, given: Vocabulary, read: Callable[[str], str], split: str
) -> Encoded:
  """Reads a split of a prepared set as tokens of several characters.

  Args:
    declaration: of the prepared set.
    given: the vocabulary.
    read: (split) -> its text.
    split: train, validation or test.
  """
  name = f'{split}-text-{given.kind}-{given.size}-{given.digest}-{CODING}.npz'
  make = lambda: given.encode(read(split))._asdict()
  return Encoded(**cache.cached(declaration.folder / 'decoded' / name, make))


def trained(
  declaration: Declaration,
  read: Callable[[str], str],
  choice: Choice,
  kind: str = 'vocabulary',
) -> Vocabulary:
  """Trains the vocabulary of a prepared set, or reads the one that is kept beside it.

  A second process waits for the first, where the folder can be locked.

  Args:
    declaration: of the prepared set.
    read: (split) -> its text.
    choice: what is wanted.
    kind: how the name of the file that keeps it begins; texts that are read otherwise
      have another.
  """
  folder = declaration.folder
  name = f'{kind}-{choice.kind}-{choice.size}-{vocabularies.TRAINING}.json'
  with contextlib.ExitStack() as stack:
    with contextlib.suppress(OSError):
      stack.enter_context(sources.locked(folder.parent.parent, declaration.name))
    return vocabularies.kept(
      folder / 'decoded' / name, lambda: vocabularies.train(choice, read('train'))
    )


def alphabet(declaration: Declaration) -> Vocabulary:
  """Returns the characters that a set declares; else reads all of it to find them."""

  def make():
    splits = (
      split for split in ('train', 'validation', 'test') if split in declaration.counts
    )
    tokens = set().union(*(joined(declaration, split) for split in splits))
    return {'symbols': vocabulary.points(''.join(sorted(tokens)))}

  if declaration.vocabulary:
    return vocabulary.characters(declaration.vocabulary)
  declaration = sources.prepare(declaration)
  path = declaration.folder / 'decoded' / f'alphabet-{CODING}.npz'
  return vocabulary.characters(''.join(map(chr, cache.cached(path, make)['symbols'])))


def joined(declaration: Declaration, split: str) -> str:
  """Reads the text of a split; our own sets have one example in each."""
  mend = 'delete it and prepare the set again'
  return '\n'.join(
    encodings.decoded(
      example['text'], f'text {row} of {split} in {declaration.folder}', mend
    )
    for row, example in enumerate(sources.examples(declaration, split))
  )
