"""Pairs of passages from documents, for BERT: does the second follow the first?

Devlin et al. 2019 (https://arxiv.org/abs/1810.04805), appendix A.2: A and B are whole
sentences in a row of one document, or B is from another one; together they have T - 3
tokens at most, one time in ten fewer. Pairs are drawn anew at every step on the device:
drawn once and for all, they are learnt by heart.

Shapes: B pairs, T tokens of the longest, N tokens of a split in M sentences.
"""

import functools
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.config import Config
from dl_core.data import (
  batches,
  corpus,
  declarations,
  stored,
  vocabularies,
)
from dl_core.data.vocabulary import Vocabulary
from dl_core.types import Array, Batch, Data, Key, Spec, UserError

DOCUMENT = re.compile(r'\n{3,}')
PARAGRAPH = re.compile(r'\n\s*\n')
SENTENCE = re.compile(r'(?<=[.!?:;])\s+')
SHORTER = 0.1  # share of pairs that are shorter than they could be
SPECIAL = 3  # [CLS] A [SEP] B [SEP]
TESTED = 1_024  # pairs of validation, and of the test split
SPLITS = ('train', 'validation', 'test')
# The marks of a WordPiece that is trained here, by number; see `subwords.BERT`.
MARKS = {'pad': 0, 'unknown': 1, 'start': 2, 'stop': 3, 'mask': 4}


class Sentences(NamedTuple):
  """A split: the tokens of its sentences, one after the other.

  Attributes:
    ids: [N].
    starts: [M + 1], where each sentence begins, and N.
    first, end: [M], numbers of the first sentence of its document, and of the one
      after its last.
    begun: numbers of the sentences that are followed by another one of their document.
  """

  ids: Any
  starts: Any
  first: Any
  end: Any
  begun: Any


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
  wanted = functools.partial(vocabularies.choice, vocabulary, pieces)
  if c.dataset == 'text':
    text = corpus.own(c.data_dir, longest, wanted)
  else:
    text = corpus.named(c.dataset, c.data_dir, wanted)
  if text.kind in (vocabularies.CHARACTERS, 'words', 'bpe'):
    raise UserError(
      f'--vocabulary={vocabulary} was given, which has no [CLS], [SEP] and [MASK]; '
      'give wordpiece, or a file with a vocabulary that has them'
    )
  marks = MARKS
  if text.kind != 'wordpiece':
    given = text.vocabulary()
    marks = {name: getattr(given, name) for name in MARKS}
    if None in marks.values():
      raise UserError(
        f'--vocabulary={vocabulary} was given, which lacks '
        f'{", ".join(n for n, mark in marks.items() if mark is None)}; give one of BERT'
      )

  @functools.cache
  def split(name) -> Sentences:
    return arranged(text.read(name), text.vocabulary(), f'{name} of {text.source}')

  draw = functools.partial(pairs, longest=longest, marks=marks)

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


def arranged(text: str, given: Vocabulary, place: str) -> Sentences:
  """Cuts a text into documents and sentences, and encodes these.

  Raises:
    UserError: there are fewer than two documents, or no sentence follows another.
  """
  ids, starts, first, end = [], [0], [], []
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
  arrays = (starts, first, end)
  return Sentences(
    np.concatenate(ids), *(np.array(each, np.int32) for each in arrays), begun
  )


def pairs(
  found: Sentences, key: Key, size: int, *, longest: int, marks: Mapping[str, int]
) -> Batch:
  """Draws B pairs of passages of a split, as a Batch; see `load`."""
  found = jax.tree.map(jnp.asarray, found)
  each = functools.partial(pair, found, longest=longest, marks=marks)
  tokens, segments, lengths, random = jax.vmap(each)(jax.random.split(key, size))
  x = {'tokens': tokens, 'segments': segments, 'lengths': lengths}
  weight = jnp.ones(size, jnp.float32)
  return Batch(x, {'next': random}, {'next': weight})


def pair(
  found: Sentences, key: Key, *, longest: int, marks: Mapping[str, int]
) -> tuple[Array, ...]:
  """Draws one pair: tokens [T], segments [T], its length, and whether B is random."""
  keys = iter(jax.random.split(key, 8))
  within = lambda low, high: jax.random.randint(next(keys), (), low, high)
  most = longest - SPECIAL
  room = jnp.where(jax.random.uniform(next(keys)) < SHORTER, within(2, most + 1), most)
  i = found.begun[within(0, len(found.begun))]
  start, first, end = found.starts[i], found.first[i], found.end[i]
  # The last boundary that A could end at: it fits, and a sentence follows.
  fits = jnp.searchsorted(found.starts, start + room, side='right') - 1
  j = within(i + 1, jnp.clip(fits, i + 1, end - 1) + 1)
  size = end - first
  other = within(0, len(found.first) - size)
  random = jax.random.uniform(next(keys)) < 0.5
  b = jnp.where(random, jnp.where(other < first, other, other + size), j)
  whole, rest = found.starts[j] - start, found.starts[found.end[b]] - found.starts[b]
  second = jnp.minimum(rest, jnp.maximum(room - whole, room // 2))
  one = jnp.minimum(whole, room - second)
  # A that is too long loses its beginning or its end.
  start += jnp.where(jax.random.uniform(next(keys)) < 0.5, whole - one, 0)
  place = jnp.arange(longest)
  in_second = place >= one + 2
  source = jnp.where(in_second, found.starts[b] + place - one - 2, start + place - 1)
  tokens = found.ids[jnp.clip(source, 0, len(found.ids) - 1)]
  length = one + second + SPECIAL
  stops = (place == one + 1) | (place == length - 1)
  tokens = jnp.where(stops, marks['stop'], tokens)
  tokens = jnp.where(place == 0, marks['start'], tokens)
  tokens = jnp.where(place < length, tokens, marks['pad']).astype(jnp.int32)
  segments = (in_second & (place < length)).astype(jnp.int32)
  return tokens, segments, length.astype(jnp.int32), random.astype(jnp.int32)


def one(
  written: str, given: Vocabulary, longest: int, marks: Mapping[str, int]
) -> dict[str, np.ndarray]:
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
  counts = np.bincount(train.ids, minlength=size) + 1
  nats = np.log(counts.sum() / counts)[test.ids]
  return {
    'masked_loss': float(np.mean(nats)),
    'masked_accuracy': float(np.mean(test.ids == counts.argmax())),
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
