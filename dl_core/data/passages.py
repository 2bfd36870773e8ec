"""Pairs of passages from documents, for BERT: does the second follow the first?

Every step draws new pairs on the device (`adjacent`): a fixed set of pairs would be
memorised.

Shapes: B pairs, T tokens of the longest, N tokens of a split in M sentences.
"""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import (
  adjacent,
  batches,
  coded,
  corpus,
  declarations,
  stored,
  vocabularies,
)
from dl_core.data.adjacent import Sentences
from dl_core.data.vocabulary import Vocabulary
from dl_core.types import Batch, Data, Key, Spec, UserError

DOCUMENT = re.compile(r'\n{3,}')
PARAGRAPH = re.compile(r'\n\s*\n')
SENTENCE = re.compile(r'(?<=[.!?:;])\s+')
TESTED = 1_024  # pairs of validation, and of the test split
SPLITS = ('train', 'validation', 'test')
# The marks of a WordPiece that is trained here, by number; see `subwords.BERT`.
MARKS = {'pad': 0, 'unknown': 1, 'start': 2, 'stop': 3, 'mask': 4}


class Passages(NamedTuple):
  """Pairs of passages and what a model of them must know.

  Attributes:
    data: see `load`.
    marks: {'pad', 'unknown', 'start', 'stop', 'mask': the number of that token}.
  """

  data: Data
  marks: Mapping[str, int]


def load(c: Config, longest: int, vocabulary: str, pieces: int) -> Passages:
  """Makes the Data of `c.dataset`; no set of ours is read before the first batch.

  Batches hold x = {tokens: int32 [B, T], segments: int32 [B, T], 0 of A and 1 of B,
  lengths: int32 [B]}, y = {next: int32 [B], 1 where B is a random passage}, weight =
  {next: float32 [B]}. A text is cut into documents at two blank lines, and into
  sentences at blank lines and at the ends of sentences.

  Args:
    c: `dataset`, `data_dir` and `batch_size` are used.
    longest: T.
    vocabulary, pieces: see `vocabularies.choice`; it needs the marks of BERT.

  Raises:
    UserError: there is no such set, it is no text, or the vocabulary will not do.
  """
  text = corpus.named(c, longest, vocabulary, pieces)
  marks = marked(text.kind, text.vocabulary, vocabulary)

  @functools.cache
  def split(name) -> Sentences:
    return arranged(text.read(name), text.vocabulary(), f'{name} of {text.source}')

  draw = functools.partial(adjacent.pairs, longest=longest, marks=marks)

  def evaluated(number):
    key = jax.random.key(number)
    batch = jax.jit(draw, static_argnums=2)(split(SPLITS[number]), key, TESTED)
    batch = jax.device_get(batch)
    rows = lambda numbers: jax.tree.map(lambda leaf: leaf[numbers], batch)
    yield from batches.padded(rows, TESTED, c.batch_size)

  def read(written: str) -> Any:
    return one(written, text.vocabulary(), longest, marks)

  each = functools.partial(jax.ShapeDtypeStruct, (c.batch_size,))
  tokens = jax.ShapeDtypeStruct((c.batch_size, longest), np.int32)
  x = {'tokens': tokens, 'segments': tokens, 'lengths': each(np.int32)}
  most = {'tokens': text.size, 'segments': 2, 'lengths': longest + 1}
  data = Data(
    spec=Spec(
      Batch(x, {'next': each(np.int32)}, {'next': each(np.float32)}),
      text.source,
      tokens=longest,
      limits=Batch(most, {'next': 2}, {'next': 0}),
    ),
    feed=lambda key, step: split('train'),
    take=lambda arrays, key, step: draw(
      arrays, jax.random.fold_in(key, step), c.batch_size
    ),
    splits={name: functools.partial(evaluated, n) for n, name in enumerate(SPLITS)},
    baseline=lambda: constant(split('train'), split('test'), text.size),
    read=read,
    write=lambda tokens, decoder=None: text.vocabulary().decode(tokens, decoder),
    digests=lambda: {
      **{name: batches.digest(tuple(split(name))) for name in SPLITS},
      'vocabulary': text.vocabulary().digest,
    },
    notes=text.notes,
    sample=functools.partial(sample, text.size, longest, c.batch_size),
    declaration=stored.packed({'text': declarations.Feature('Text')}),
    files=lambda: {vocabularies.FILE: text.vocabulary().content},
  )
  return Passages(data, marks)


def marked(
  kind: str, vocabulary: Callable[[], Vocabulary | None], name: str
) -> Mapping[str, int]:
  """Returns the marks of a vocabulary; see `Passages`.

  Args:
    kind: of the vocabulary, see `Vocabulary`.
    vocabulary: () -> the vocabulary; it is not called for one that is trained here.
    name: what was given as --vocabulary.

  Raises:
    UserError: it lacks some.
  """
  if kind in (vocabularies.CHARACTERS, 'words', 'bpe'):
    raise UserError(
      f'--vocabulary={name} was given, which has no [CLS], [SEP] and [MASK]; '
      'give wordpiece, or a file with a vocabulary that has them'
    )
  if kind == 'wordpiece':
    return MARKS
  marks = {mark: getattr(vocabulary(), mark) for mark in MARKS}
  if None in marks.values():
    raise UserError(
      f'--vocabulary={name} was given, which lacks '
      f'{", ".join(n for n, mark in marks.items() if mark is None)}; give one of BERT'
    )
  return marks


def arranged(text: str, given: Vocabulary, place: str) -> Sentences:
  """Cuts a text into documents and sentences, and encodes these.

  Raises:
    UserError: there are fewer than two documents, or no sentence follows another.
  """
  ids: list[np.ndarray] = []
  first: list[int] = []
  end: list[int] = []
  starts = [0]
  for document in DOCUMENT.split(text):
    before = len(first)
    for paragraph in PARAGRAPH.split(document):
      for sentence in SENTENCE.split(' '.join(paragraph.split())):
        tokens = given.encode(sentence).ids if sentence else ()
        if len(tokens):
          ids.append(np.asarray(tokens, np.int32))
          starts.append(starts[-1] + len(tokens))
          first.append(before)
    end += [len(first)] * (len(first) - before)
  numbers = np.arange(len(first), dtype=np.int32)
  begun = numbers[numbers + 1 < np.array(end, np.int32)] if end else numbers
  if not len(begun) or end[0] == len(first):
    raise UserError(
      f'{place} was given, which has {len(set(end))} documents of several sentences; '
      'give a text with two or more, two blank lines between them'
    )
  of = lambda numbers: np.array(numbers, np.int32)
  return Sentences(np.concatenate(ids), of(starts), of(first), of(end), begun)


def one(
  written: str, given: Vocabulary, longest: int, marks: Mapping[str, int]
) -> dict[str, Any]:
  """Returns x of a text of one's own, places [K] of every [MASK] in it, from 1 to K.

  Raises:
    UserError: nothing is hidden in it, or it is too long.
  """
  parts = written.split('[MASK]')
  ids = [marks['start']]
  for number, part in enumerate(parts):
    ids += [marks['mask']] * (number > 0) + list(given.encode(part).ids)
  ids.append(marks['stop'])
  if len(parts) == 1 or len(ids) > longest:
    raise UserError(
      f'{written!r} was given, which has {len(ids)} tokens and {len(parts) - 1} '
      f'[MASK]; give a text of up to {longest} tokens with [MASK] in place of a word'
    )
  tokens = np.full(longest, marks['pad'], np.int32)
  tokens[: len(ids)] = ids
  return {
    'tokens': tokens,
    'segments': np.zeros(longest, np.int32),
    'lengths': np.int32(len(ids)),
    'places': np.flatnonzero(tokens == marks['mask']).astype(np.int32),
  }


def constant(train: Sentences, test: Sentences, size: int) -> dict[str, float]:
  """Scores the best constant answers: token frequencies, and either sentence."""
  tokens = coded.constant(train.ids, test.ids, size)
  return {
    'masked_loss': tokens['nats'],
    'masked_accuracy': tokens['accuracy'],
    'next_accuracy': 0.5,
  }


def sample(tokens: int, longest: int, size: int, key: Key) -> Batch:
  """Draws a host batch of full pairs; see `Data.sample`."""
  draw = np.random.default_rng(np.asarray(jax.random.key_data(key)))
  segments = np.tile(np.arange(longest) >= longest // 2, (size, 1))
  x = {
    'tokens': draw.integers(tokens, size=(size, longest)).astype(np.int32),
    'segments': segments.astype(np.int32),
    'lengths': np.full(size, longest, np.int32),
  }
  y = draw.integers(2, size=size).astype(np.int32)
  return Batch(x, {'next': y}, {'next': np.ones(size, np.float32)})
