"""Loads labelled sentences: padded tokens, their lengths, and a class.

`--dataset=NAME` is one of ours, or any set of TensorFlow Datasets that is prepared and
whose examples have a text and a label; `--dataset=folder` is a user's own, see
`phrases`. Shapes: B batch, T tokens of the longest sentence.
"""

import functools
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import batches, coded, corpus, phrases, sources, stored, vocabularies
from dl_core.data import vocabulary as spelling
from dl_core.data.images import most_frequent
from dl_core.data.vocabulary import Vocabulary
from dl_core.types import Array, Batch, Data, Key, Spec, UserError

AXES = Batch({'tokens': 1, 'lengths': None}, None, None)  # of time; see `tasks.cut`
POOL = 16  # batches that are drawn from neighbours in length; see `permutations.rows`
CLASS = 8  # steps between the widths of length classes
SPLITS = ('train', 'validation', 'test')
# Words, and what English joins to them: "do n't", "it 's".
WORD = re.compile(r"n['’]t\b|['’]\w+|\w+?(?=n['’]t\b)|\w+|[^\w\s]")
# A letter to Unicode, so that no vocabulary cuts a word at it.
APOSTROPHE = 'ʼ'
UNKNOWN = {'words': 3, 'wordpiece': 1}  # the number of this token, if it is trained


class Sentences(NamedTuple):
  """Labelled sentences and what a model of them must know.

  Attributes:
    data: see `load`.
    unknown: the token of words that the vocabulary lacks; None where there is none.
  """

  data: Data
  unknown: int | None


def load(
  c: Config,
  longest: int,
  vocabulary: str = vocabularies.CHARACTERS,
  pieces: int = 0,
) -> Sentences:
  """Makes the Data of `c.dataset`; no set of ours is read before the first batch.

  Batches hold x = {tokens: int32 [B, T], lengths: int32 [B]}, y int32 [B], weight
  float32 [B]. Tokens after the end are the vocabulary's `pad`; of longer sentences the
  first T tokens are kept. Each split is in the order of the lengths, and a training
  batch is drawn from neighbours, so its sentences have like lengths.

  Where the vocabulary has no capital letters, sentences are read in lower case.
  Characters that a vocabulary of characters lacks are left out; a sentence of which
  nothing is left is one token of padding.

  Args:
    c: `dataset`, `data_dir` and `batch_size` are used.
    longest: T.
    vocabulary, pieces: see `vocabularies.choice`; `words` are separated from each other
      and from punctuation, however they are written.

  Raises:
    UserError: there is no such set, it holds no labelled texts, or the vocabulary will
      not do.
  """
  found = phrases.named(c.dataset, c.data_dir)
  choice = chosen(found, vocabulary, pieces)
  given = functools.cache(lambda: choice.given or trained(found, choice))
  read = functools.cache(lambda: reader(given(), longest))

  @functools.cache
  def split(name):
    texts, labels = found.read(name)
    rows = [read()(text) for text in texts]
    lengths = np.array([max(1, row['lengths']) for row in rows], np.int32)
    tokens = np.stack([row['tokens'] for row in rows])
    order = np.argsort(lengths, kind='stable')
    return {'tokens': tokens[order], 'lengths': lengths[order]}, labels[order]

  def one(written):
    row = read()(sentence(written).strip())
    if not row['lengths']:
      raise UserError(f'{written!r} was given, which has no word; give a sentence')
    return row

  each = functools.partial(jax.ShapeDtypeStruct, (c.batch_size,))
  tokens = jax.ShapeDtypeStruct((c.batch_size, longest), np.int32)
  x = {'tokens': tokens, 'lengths': each(np.int32)}
  most = {'tokens': choice.size, 'lengths': longest + 1}
  tag = choice.kind != vocabularies.CHARACTERS and not stored_only(found)
  source = f'{found.source}, {choice.tag(found.source)}' if tag else found.source
  spec = Spec(
    Batch(x, each(np.int32), each(np.float32)),
    source,
    found.classes,
    tokens=longest,
    limits=Batch(most, len(found.classes), 0),
  )
  plain = batches.resident(
    spec,
    split,
    prepare=lambda x: {name: leaf.astype(np.int32) for name, leaf in x.items()},
    pool=POOL,
    baseline=most_frequent,
    read=one,
    notes=found.notes,
    declaration=stored.packed(found.features),
  )
  data = plain._replace(
    sample=functools.partial(sample, spec),
    write=lambda tokens, decoder=None: given().decode(tokens, decoder),
    digests=lambda: {**plain.digests(), 'vocabulary': given().digest},
    files=lambda: {vocabularies.FILE: given().content},
  )
  unknown = choice.given.unknown if choice.given else UNKNOWN.get(choice.kind)
  return Sentences(data, unknown)


def widths(longest: int) -> tuple[int, ...]:
  """Returns the widths of the length classes; the last one is T."""
  return (*range(CLASS, longest, CLASS), longest)


def lengths(batch: Batch) -> Array:
  """Returns the lengths [B] of a batch's sentences."""
  return batch.x['lengths']


def sample(spec: Spec, key: Key) -> Batch:
  """Draws a host batch of full sentences; see `Data.sample`."""
  draw = np.random.default_rng(np.asarray(jax.random.key_data(key)))
  x, y, weight = spec.batch
  size, longest = x['tokens'].shape
  tokens = draw.integers(spec.limits.x['tokens'], size=(size, longest))
  return Batch(
    {'tokens': tokens.astype(np.int32), 'lengths': np.full(size, longest, np.int32)},
    draw.integers(spec.limits.y, size=y.shape).astype(np.int32),
    np.ones(weight.shape, np.float32),
  )


def sentence(written: str) -> str:
  """Returns the text of a file; what names no file is the sentence itself."""
  path = Path(os.path.expanduser(written))
  try:
    named = path.is_file()
  except OSError:  # it is longer than a path may be
    named = False
  return phrases.text_of(path) if named else written


def stored_only(found: phrases.Phrases) -> bool:
  """Returns whether a workdir is all that is there of the set."""
  return found.declaration is not None and found.declaration.stored


def chosen(found: phrases.Phrases, name: str, pieces: int) -> vocabularies.Choice:
  """Returns the choice of a vocabulary; makes the vocabulary if it is of characters.

  A stored set has the vocabulary that it is stored with, whatever is wanted. A set that
  declares no characters is read to find them.
  """
  if found.declaration is not None and found.declaration.stored:
    return corpus.kept(found.declaration)
  choice = vocabularies.choice(name, pieces)
  if choice.kind != vocabularies.CHARACTERS or choice.given is not None:
    return choice
  letters = set(found.alphabet)
  if not letters:
    letters = set().union(*(text for part in SPLITS for text in found.read(part).texts))
  made = spelling.characters(''.join(sorted(letters)))
  return vocabularies.Choice(made.kind, made.size, made)


def trained(found: phrases.Phrases, choice: vocabularies.Choice) -> Vocabulary:
  """Trains a vocabulary on the training split; a prepared set keeps it on disk."""
  written = functools.partial(spaced, words=choice.kind == 'words')

  def text(split):
    return ' '.join(map(written, found.read(split).texts))

  if found.declaration is None:
    return vocabularies.train(choice, text('train'))
  prepared = sources.prepare(found.declaration)
  return coded.trained(prepared, text, choice, 'sentences')


def spaced(text: str, words: bool) -> str:
  """Returns a text with a space before each word and punctuation mark, if wanted."""
  if not words:
    return text
  found = (
    word.replace("'", APOSTROPHE).replace('’', APOSTROPHE)
    for word in WORD.findall(text)
  )
  return ' '.join(found)


def reader(given: Vocabulary, longest: int) -> Callable[[str], Any]:
  """Makes (text) -> {tokens [T], lengths []} of one sentence, padded."""
  spelt = given.decode(range(given.size))
  small, words = spelt == spelt.lower(), given.kind == 'words'
  letters = set(spelt) if given.kind == vocabularies.CHARACTERS else None

  def read(text: str) -> Mapping[str, Any]:
    text = spaced(text.lower() if small else text, words)
    if letters is not None:
      text = ''.join(filter(letters.__contains__, text))
    ids = given.encode(f' {text}' if words else text).ids[:longest]
    tokens = np.full(longest, given.pad, np.int32)
    tokens[: len(ids)] = ids
    return {'tokens': tokens, 'lengths': np.int32(len(ids))}

  return read
