"""The vocabularies of both texts of pairs: one for both, or one for each."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from dl_core.data import coded, sources, stored, vocabularies
from dl_core.data import vocabulary as spelling
from dl_core.data.translations import Translations
from dl_core.data.vocabulary import Vocabulary
from dl_core.types import UserError

SPLITS = ('train', 'validation', 'test')
TARGET = 'target_vocabulary.json'  # in a workdir, where it is not the source's


class Wanted(NamedTuple):
  """How texts are read as tokens.

  Attributes:
    longest: (S, T), or one number for both.
    pair: see `translations.named`.
    vocabulary: see `vocabularies.choice`; characters have marks, see
      `vocabulary.marked`.
    pieces: the size of a vocabulary of both languages, or the sizes of one for each;
      (): one, of the default size.
    lower: whether texts are read and written in lower case.
  """

  longest: tuple[int, ...]
  pair: str = ''
  vocabulary: str = vocabularies.CHARACTERS
  pieces: tuple[int, ...] = ()
  lower: bool = False

  @property
  def sides(self) -> tuple[int, int]:
    """S and T."""
    return self.longest[0], self.longest[-1]


class Sides(NamedTuple):
  """The vocabularies of the sources and of the targets, and their sizes."""

  read: Callable[[], tuple[Vocabulary, Vocabulary]]  # the same objects every time
  sizes: tuple[int, int]
  tag: str  # what they add to the source of the data
  joint: bool  # whether they are one


def of(found: Translations, wanted: Wanted) -> Sides:
  """Returns the vocabularies; they are trained when first read.

  A stored set has those that it is stored with, whatever is wanted. A set that declares
  no characters is read to find them.
  """
  if found.stored:
    return kept(found)
  if len(wanted.pieces) > 2:
    raise UserError(
      f'--pieces={",".join(map(str, wanted.pieces))} was given; one size is wanted, or '
      'one for the sources and one for the targets'
    )
  choices = [
    vocabularies.choice(wanted.vocabulary, size) for size in wanted.pieces or (0,)
  ]
  first = choices[0]
  if first.kind == vocabularies.CHARACTERS and first.given is None:
    letters = set(found.alphabet) or {
      letter
      for part in SPLITS
      for side in found.read(part)
      for letter in '\n'.join(side)
    }
    both = alphabet(letters, wanted.lower)
    return Sides(lambda: (both, both), (both.size, both.size), '', True)
  if first.given is not None:
    both = marked(first.given, wanted.vocabulary)
    tag = first.tag(found.source)
    return Sides(lambda: (both, both), (both.size, both.size), tag, True)
  about = f'{found.source} {"-".join(found.languages)} {wanted.lower}'
  joint = len(choices) == 1
  parts = [range(2)] if joint else [(0,), (1,)]

  @functools.cache
  def read():
    made = [
      trained(found, choice, side, wanted.lower)
      for choice, side in zip(choices, parts, strict=True)
    ]
    return made[0], made[-1]

  return Sides(
    read,
    (choices[0].size, choices[-1].size),
    '-'.join(choice.tag(about) for choice in choices),
    joint,
  )


def alphabet(letters: set[str], lower: bool) -> Vocabulary:
  """Returns the vocabulary of characters, with marks."""
  text = ''.join(sorted(letters))
  return spelling.marked(''.join(sorted(set(text.lower() if lower else text))))


def marked(given: Vocabulary, name: str) -> Vocabulary:
  """Returns a vocabulary as it is, if it has the marks that texts need."""
  if given.stop is None or given.stop == given.start == given.pad:
    raise UserError(
      f'--vocabulary={name} was given, which has no stop token of its own; give one '
      'with <pad>, <start> and <stop>, or [PAD], [CLS] and [SEP]'
    )
  return given


def kept(found: Translations) -> Sides:
  """Returns the vocabularies that a workdir stores."""
  assert found.declaration, 'a user has own files'
  first = second = stored.vocabulary(found.declaration)
  joint = not (found.declaration.folder / TARGET).exists()
  if not joint:
    second = stored.vocabulary(found.declaration, TARGET)
  return Sides(lambda: (first, second), (first.size, second.size), '', joint)


def trained(
  found: Translations, choice: vocabularies.Choice, sides: Sequence[int], lower: bool
) -> Vocabulary:
  """Trains a vocabulary on the training split; a prepared set keeps it on disk.

  Args:
    found: the set.
    choice: of the vocabulary.
    sides: 0 for the sources, 1 for the targets.
    lower: see `Wanted`.
  """

  def text(split):
    texts = found.read(split)
    return '\n'.join(written(line, lower) for side in sides for line in texts[side])

  if found.declaration is None:
    return vocabularies.train(choice, text('train'))
  names = '-'.join(found.languages[side] for side in sides)
  kind = f'pairs-{names}-{"lower" if lower else "as-is"}'
  return coded.trained(sources.prepare(found.declaration), text, choice, kind)


def written(text: str, lower: bool) -> str:
  """Returns a text as it is encoded: with a space before its first word, too."""
  return f' {text.lower() if lower else text}'


def encoded(
  text: str, given: Vocabulary, longest: int, lower: bool
) -> tuple[np.ndarray, int]:
  """Returns the tokens [longest] of a text and its stop token, and their number."""
  if given.kind == 'marked':
    ids = given.encode(text.lower() if lower else text).ids
  else:
    ids = given.encode(written(text, lower)).ids
  ids = ids[: longest - 1]
  tokens = np.full(longest, given.pad, np.int32)
  tokens[: len(ids)] = ids
  assert given.stop is not None, 'see `marked`'
  tokens[len(ids)] = given.stop
  return tokens, len(ids) + 1
