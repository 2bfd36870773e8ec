"""Loads texts by name: the vocabulary, and the tokens of three splits as numbers.

A set of ours and a user's own file are one text, cut by position; a stock set comes in
splits of its own, whose examples are joined by newlines. The splits are the same
characters whatever the vocabulary, which is trained on the training split alone.
"""

import functools
import hashlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from dl_core import config
from dl_core.data import (
  coded,
  declarations,
  encodings,
  sources,
  stored,
  vocabularies,
  vocabulary,
)
from dl_core.data.declarations import Declaration
from dl_core.data.vocabularies import Choice
from dl_core.data.vocabulary import Encoded, Vocabulary
from dl_core.types import UserError


class Part(NamedTuple):
  """The characters [n * first // 10, n * last // 10) of a text of n."""

  first: int  # tenths
  last: int


SPLITS: tuple[str, ...] = ('train', 'validation', 'test')
WHOLE = Part(0, 10)
PARTS = {'train': Part(0, 8), 'validation': Part(8, 9), 'test': Part(9, 10)}
IN_ORDER = {'validation': 'train', 'test': 'validation'}
NOTE = 'The splits are the first 80 %, the next 10 % and the last 10 % of the text.'
LOSSY = (
  'What the vocabulary does not know or drops (rare words; in WordPiece also case, '
  'accents and white space) costs nothing to predict: nats per character are too low '
  'by that.'
)
SHORTEST = 10  # a text of so many characters has some in each part


class Text(NamedTuple):
  """A text in three splits.

  Attributes:
    kind: see `Vocabulary`.
    source: its name and version; where its tokens are no characters, their vocabulary.
    size: V, known before anything is read.
    vocabulary: () -> its vocabulary, the same object every time.
    coded: (split) -> its tokens, more than 0.
    read: (split) -> its characters.
    follows: {split: the one whose last token comes before its first}.
    notes: see `Data`.
  """

  kind: str
  source: str
  size: int
  vocabulary: Callable[[], Vocabulary]
  coded: Callable[[str], Encoded]
  read: Callable[[str], str]
  follows: Mapping[str, str]
  notes: tuple[str, ...]


def named(c: config.Config, window: int, vocabulary: str, pieces: int) -> Text:
  """Finds the text of `c.dataset`: a user's own file (`own`), or a set of `sources`.

  A set is read only if its tokens are characters and it declares none. A stored set has
  the vocabulary that it is stored with, whatever is wanted.

  Args:
    c: `dataset` and `data_dir` are used.
    window: see `own`.
    vocabulary, pieces: see `vocabularies.choice`.

  Raises:
    UserError: there is no such set or file, or it is no text.
  """
  wanted = functools.partial(vocabularies.choice, vocabulary, pieces)
  if c.dataset == 'text' and not stored.declaration(c.dataset, c.data_dir):
    return own(c.data_dir, window, wanted())
  declaration = sources.declare(c.dataset, c.data_dir)
  if declaration.features.get('text', declarations.Feature('')).kind != 'Text':
    held = ', '.join(f'{key} ({f.kind})' for key, f in declaration.features.items())
    raise UserError(
      f'--dataset={c.dataset} was given, whose examples hold {held}; wanted is text '
      '(Text), give a set that has it'
    )
  origins, follows, notes = _three_splits(declaration)
  choice = wanted() if not declaration.stored else kept(declaration)
  prepared = functools.cache(lambda: sources.prepare(declaration))
  joined = functools.lru_cache(1)(lambda origin: coded.joined(prepared(), origin))

  def cut(whole, split):
    part = origins[split][1]
    return whole[span(part, len(whole))]

  read = lambda split: cut(joined(origins[split][0]), split)
  if choice.kind == vocabularies.CHARACTERS:
    found = coded.alphabet(declaration) if choice.given is None else choice.given
    whole = functools.cache(lambda origin: coded.characters(prepared(), found, origin))
    tokens = lambda split: coded.single(cut(whole(origins[split][0]), split))
    choice = Choice(found.kind, found.size, found)
    given = lambda: found
  else:
    given = functools.cache(
      lambda: choice.given or coded.trained(prepared(), read, choice)
    )
    tokens = lambda split: coded.encoded(prepared(), given(), read, split)
  text = Text(
    kind=choice.kind,
    source=declaration.source,
    size=choice.size,
    vocabulary=given,
    coded=tokens,
    read=read,
    follows=follows,
    notes=declaration.notes + notes,
  )
  text = text if declaration.stored else tagged(text, choice)
  return text._replace(coded=coded.checked(text.source, text.coded))


def kept(declaration: Declaration) -> Choice:
  """Returns the vocabulary that a workdir stores, as a choice."""
  found = stored.vocabulary(declaration)
  return Choice(found.kind, found.size, found)


def own(data_dir: str, window: int, choice: Choice) -> Text:
  """Reads a user's own file; nothing is written beside it.

  Its encoding is UTF-8, or as its byte-order mark says, which is no token.

  Args:
    data_dir: its path.
    window: characters that must fit into training, and one more.
    choice: of the vocabulary.

  Raises:
    UserError: it cannot be read, is in another encoding or too short.
  """
  if not data_dir:
    raise UserError(
      '--dataset=text was given without its file; give --data_dir=FILE, a text in UTF-8'
    )
  path = config.path(data_dir)
  try:
    content = path.read_bytes()
  except OSError as error:
    raise UserError(
      f'--dataset=text was given with --data_dir={data_dir}, which cannot be read '
      f'({error.strerror}); give --data_dir=FILE, a text in UTF-8'
    ) from error
  text = encodings.decoded(content, str(path), 'save it as UTF-8')
  least = max(SHORTEST, -(-10 * (window + 1) // PARTS['train'].last))
  if len(text) < least:
    raise UserError(
      f'{path} has {len(text):,} characters, windows of {window:,} want at least '
      f'{least:,} (80 % of a text is for training); give a longer one'
    )
  read = lambda split: text[span(PARTS[split], len(text))]
  if choice.kind == vocabularies.CHARACTERS and choice.given is None:
    found = vocabulary.characters(''.join(sorted(set(text))))
    choice = Choice(found.kind, found.size, found)
  given = functools.cache(
    lambda: choice.given or vocabularies.train(choice, read('train'))
  )
  made = Text(
    kind=choice.kind,
    source=f'text/{hashlib.sha256(text.encode()).hexdigest()[:12]}',
    size=choice.size,
    vocabulary=given,
    coded=lambda split: coded.read_by(given(), read(split), f'{split} of {path}'),
    read=read,
    follows=IN_ORDER,
    notes=(NOTE,),
  )
  made = tagged(made, choice)
  return made._replace(coded=coded.checked(made.source, made.coded))


def tagged(text: Text, choice: Choice) -> Text:
  """Returns a text whose source names its vocabulary, unless that is characters."""
  if choice.kind == vocabularies.CHARACTERS:
    return text
  exact = choice.kind == 'bpe' or (choice.given and choice.given.unknown is None)
  notes = text.notes if exact else (*text.notes, LOSSY)
  return text._replace(source=f'{text.source}, {choice.tag(text.source)}', notes=notes)


def refitted(text: Text) -> Text:
  """Returns a text whose training split holds the validation split, too."""

  @functools.cache
  def joined():
    parts = [text.coded(part) for part in ('train', 'validation')]
    return Encoded(*map(np.concatenate, zip(*parts, strict=True)))

  note = 'The validation split is a part of training, so nothing can be chosen on it.'
  return text._replace(
    coded=lambda split: joined() if split == 'train' else text.coded(split),
    follows={'test': 'train'} if 'test' in text.follows else {},
    notes=(*text.notes, note),
  )


def span(part: Part, n: int) -> slice:
  """Returns the slice of a part of a text of n characters."""
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
