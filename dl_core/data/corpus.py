"""Loads texts by name: the vocabulary, and the tokens of three splits as numbers.

A token is one Unicode character, its number the place in the vocabulary. A set of ours
and a user's own file are one text, cut by position; a stock set comes in splits of its
own, whose examples are joined by newlines.
"""

import functools
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dl_core.data import batches, cache, declarations, encodings, sources, stored
from dl_core.data.declarations import Declaration
from dl_core.types import UserError


class Part(NamedTuple):
  """The tokens [n * first // 10, n * last // 10) of a text of n."""

  first: int  # tenths
  last: int


SPLITS: tuple[str, ...] = ('train', 'validation', 'test')
WHOLE = Part(0, 10)
PARTS = {'train': Part(0, 8), 'validation': Part(8, 9), 'test': Part(9, 10)}
IN_ORDER = {'validation': 'train', 'test': 'validation'}
NOTE = 'The splits are the first 80 %, the next 10 % and the last 10 % of the text.'
SHORTEST = 10  # a text of so many tokens has some in each part
CODING = 2  # raised whenever `_coded` or `_found` changes: caches keep their results


class Text(NamedTuple):
  """A text in three splits.

  Attributes:
    source: its name and version.
    vocabulary: its tokens, in the order of their code points.
    ids: (split) -> the numbers [n] of its tokens, uint8 or wider, n > 0.
    follows: {split: the one whose last token comes before its first}.
    notes: see `Data`.
  """

  source: str
  vocabulary: str
  ids: Callable[[str], np.ndarray]
  follows: Mapping[str, str]
  notes: tuple[str, ...]


def named(name: str, data_dir: str = '') -> Text:
  """Finds a set of `sources`; reads it only if it declares no vocabulary.

  Raises:
    UserError: there is no such set, or it is no text.
  """
  declaration = sources.declare(name, data_dir)
  if declaration.features.get('text', declarations.Feature('')).kind != 'Text':
    held = ', '.join(f'{key} ({f.kind})' for key, f in declaration.features.items())
    raise UserError(
      f'--dataset={name} was given, whose examples hold {held}; wanted is text (Text), '
      'give a set that has it'
    )
  origins, follows, notes = _three_splits(declaration)
  vocabulary = declaration.vocabulary or _found(declaration)
  coded = functools.cache(functools.partial(_coded, declaration, vocabulary))

  def ids(split):
    origin, part = origins[split]
    whole = coded(origin)
    found = whole[span(part, len(whole))]
    if not found.size:
      raise UserError(
        f'{declaration.source} was given, whose {split} split is empty; '
        'give a set that has one'
      )
    return found

  return Text(declaration.source, vocabulary, ids, follows, declaration.notes + notes)


def own(data_dir: str, window: int) -> Text:
  """Reads a user's own file; nothing is written beside it.

  Its encoding is UTF-8, or as its byte-order mark says, which is no token.

  Args:
    data_dir: its path; or the workdir of a run, see `stored`.
    window: tokens that must fit into training, and one more.

  Raises:
    UserError: it cannot be read, is in another encoding or too short.
  """
  if stored.declaration('text', data_dir):
    return named('text', data_dir)
  if not data_dir:
    raise UserError(
      '--dataset=text was given without its file; give --data_dir=FILE, a text in UTF-8'
    )
  path = Path(data_dir).expanduser()
  try:
    content = path.read_bytes()
  except OSError as error:
    raise UserError(
      f'--dataset=text was given with --data_dir={data_dir}, which cannot be read '
      f'({error.strerror}); give --data_dir=FILE, a text in UTF-8'
    ) from error
  text = encodings.decoded(content, str(path), 'save it as UTF-8')
  wanted = max(SHORTEST, -(-10 * (window + 1) // PARTS['train'].last))
  if len(text) < wanted:
    raise UserError(
      f'{path} has {len(text):,} characters, windows of {window:,} want at least '
      f'{wanted:,} (80 % of a text is for training); give a longer one'
    )
  vocabulary = ''.join(sorted(set(text)))
  ids, _ = numbers(text, vocabulary)
  return Text(
    source=f'text/{hashlib.sha256(text.encode()).hexdigest()[:12]}',
    vocabulary=vocabulary,
    ids=lambda split: ids[span(PARTS[split], len(ids))],
    follows=IN_ORDER,
    notes=(NOTE,),
  )


def refitted(text: Text) -> Text:
  """Returns a text whose training split holds the validation split, too."""
  parts = ('train', 'validation')
  joined = functools.cache(lambda: np.concatenate([text.ids(part) for part in parts]))
  note = 'The validation split is a part of training, so nothing can be chosen on it.'
  return text._replace(
    ids=lambda split: joined() if split == 'train' else text.ids(split),
    follows={'test': 'train'} if 'test' in text.follows else {},
    notes=(*text.notes, note),
  )


def numbers(text: str, vocabulary: str) -> tuple[np.ndarray, np.ndarray]:
  """Finds each character in a vocabulary that is in the order of code points.

  Returns:
    The numbers [n], of the smallest type that holds them, and bool [n]: whether the
    character is there at all.
  """
  tokens, codes = points(vocabulary), points(text)
  places = np.searchsorted(tokens, codes).clip(max=len(tokens) - 1)
  kind = np.min_scalar_type(len(tokens) - 1)
  return places.astype(kind), tokens[places] == codes


def points(text: str) -> np.ndarray:
  """Returns the code points uint32 [n] of a text."""
  return np.frombuffer(text.encode('utf-32-le', 'surrogatepass'), '<u4')


def span(part: Part, n: int) -> slice:
  """Returns the slice of a part of a text of n tokens."""
  return slice(n * part.first // 10, n * part.last // 10)


def _three_splits(
  declaration: Declaration,
) -> tuple[dict[str, tuple[str, Part]], Mapping[str, str], tuple[str, ...]]:
  """Returns train, validation and test of a set, cut from train where it lacks one.

  A set with validation and no test is tested on that, so that nothing is chosen on it.

  Returns:
    {split: a split that it comes with, the part of it}, {split: the one before it}, and
    sentences that say what was cut.
  """
  given = [name for name in SPLITS if name in declaration.counts]
  if 'train' not in given:
    raise UserError(
      f'{declaration.source} was given, which has only '
      f'{", ".join(declaration.counts)}; give a set with a split train'
    )
  if given == ['train']:
    return {name: ('train', part) for name, part in PARTS.items()}, IN_ORDER, (NOTE,)
  if len(given) == len(SPLITS):
    # The splits of a stock set need not be neighbours in one text.
    follows = IN_ORDER if declaration.vocabulary else {}
    return {name: (name, WHOLE) for name in given}, follows, ()
  cut = {'train': ('train', Part(0, 9)), 'validation': ('train', Part(9, 10))}
  note = 'The validation set is the last 10 % of the training text.'
  return cut | {'test': (given[1], WHOLE)}, {'validation': 'train'}, (note,)


def _coded(declaration: Declaration, vocabulary: str, split: str) -> np.ndarray:
  """Reads a split of a prepared set as numbers, or its cache."""

  def make():
    ids, known = numbers(text := _joined(declaration, split), vocabulary)
    if not known.all():
      raise UserError(
        f'the {split} split of {declaration.folder} has {text[known.argmin()]!r}, '
        'which its vocabulary lacks; delete it and prepare the set again'
      )
    return {'ids': ids}

  declaration = sources.prepare(declaration)
  name = f'{split}-text-{batches.digest(points(vocabulary))[:8]}-{CODING}.npz'
  return cache.cached(declaration.folder / 'decoded' / name, make)['ids']


def _found(declaration: Declaration) -> str:
  """Reads all of a set to find its vocabulary, or its cache."""

  def make():
    splits = (split for split in SPLITS if split in declaration.counts)
    tokens = set().union(*(_joined(declaration, split) for split in splits))
    return {'symbols': points(''.join(sorted(tokens)))}

  declaration = sources.prepare(declaration)
  path = declaration.folder / 'decoded' / f'alphabet-{CODING}.npz'
  return ''.join(map(chr, cache.cached(path, make)['symbols']))


def _joined(declaration: Declaration, split: str) -> str:
  """Reads the text of a split; our own sets have one example in each."""
  mend = 'delete it and prepare the set again'
  return '\n'.join(
    encodings.decoded(
      example['text'], f'text {row} of {split} in {declaration.folder}', mend
    )
    for row, example in enumerate(sources.examples(declaration, split))
  )
