"""Loads labelled sentences: padded tokens, their lengths, and a class.

`--dataset=NAME` is one of ours, or any set of TensorFlow Datasets that is prepared and
whose examples have a text (for some models, or two) and a label; `--dataset=folder` is
a user's own, see `phrases`. Shapes: B batch, T tokens of the longest sentence.
"""

import functools
import os
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import (
  batches,
  forms,
  phrases,
  sentence_tokens,
  splits,
  stored,
  vocabularies,
)
from dl_core.data.forms import Form
from dl_core.data.images import most_frequent
from dl_core.types import Array, Batch, Data, Key, Spec, UserError

POOL = 16  # batches that are drawn from neighbours in length; see `permutations.rows`
CLASS = 8  # steps between the widths of length classes
FEW = 'Of each class {:,} training examples are used, drawn by a fixed seed.'


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
  form: Form = forms.PLAIN,
  labels: int = 0,
  draw: int = 0,
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
    form: how the tokens of an example are arranged; x may have more leaves by it.
    labels: training examples of each class, drawn from all; 0: all. The vocabulary is
      trained on the texts of all.
    draw: seed by which they are drawn.

  Raises:
    UserError: there is no such set, it holds no labelled texts, or the vocabulary will
      not do.
  """
  found = phrases.named(c.dataset, c.data_dir, form.texts)
  choice = sentence_tokens.chosen(found, vocabulary, pieces)
  if form.ends and choice.given is not None and choice.given.stop is None:
    raise UserError(
      f'--vocabulary={vocabulary} was given, which has no [CLS] and [SEP]; give '
      'wordpiece, or a file with a vocabulary that has them'
    )
  given = functools.cache(
    lambda: choice.given or sentence_tokens.trained(found, choice)
  )
  encoded = functools.cache(lambda: sentence_tokens.encoder(given()))

  def arranged(text):
    texts = text.split(forms.PAIR, form.texts - 1)
    return form.row([encoded()(each) for each in texts], given(), longest)

  @functools.cache
  def split(name):
    texts, y = found.read(name)
    if labels and name == 'train':
      few = splits.few(y, labels, draw)
      texts, y = [texts[number] for number in few], y[few]
    rows = [arranged(text) for text in texts]
    x = jax.tree.map(lambda *leaves: np.stack(leaves), *rows)
    x['lengths'] = np.maximum(1, x['lengths'])
    order = np.argsort(x['lengths'], kind='stable')
    return {name: leaf[order] for name, leaf in x.items()}, y[order]

  def one(written):
    text = sentence(written).strip()
    if not any(len(encoded()(each)) for each in text.split(forms.PAIR)):
      raise UserError(f'{written!r} was given, which has no word; give a sentence')
    return arranged(text)

  each = functools.partial(jax.ShapeDtypeStruct, (c.batch_size,))
  tokens = jax.ShapeDtypeStruct((c.batch_size, longest), np.int32)
  x = {'tokens': tokens, 'lengths': each(np.int32)}
  x |= dict.fromkeys(form.leaves, tokens)
  most = {'tokens': choice.size + form.extra, 'lengths': longest + 1, **form.leaves}
  known = sentence_tokens.stored_only(found)
  tag = choice.kind != vocabularies.CHARACTERS and not known
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
    notes=(*found.notes, *([FEW.format(labels)] if labels else [])),
    declaration=stored.packed(found.features),
  )
  data = plain._replace(
    sample=functools.partial(sample, spec),
    write=lambda tokens, decoder=None: given().decode(
      [token for token in tokens if token < choice.size], decoder
    ),
    digests=lambda: {**plain.digests(), 'vocabulary': given().digest},
    files=lambda: {vocabularies.FILE: given().content},
  )
  unknown = (
    choice.given.unknown if choice.given else sentence_tokens.UNKNOWN.get(choice.kind)
  )
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
  drawn = {
    name: draw.integers(spec.limits.x[name], size=leaf.shape).astype(np.int32)
    for name, leaf in x.items()
  }
  return Batch(
    drawn | {'lengths': np.full(size, longest, np.int32)},
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
