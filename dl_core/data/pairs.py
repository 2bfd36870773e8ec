"""Loads pairs of texts as tokens: what is read, and what is to be written of it.

Which sets there are is in `translations`. Shapes: B batch, S tokens of the longest
source, T of the longest target, both with the stop token.
"""

import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from dl_core.config import Answering, Config
from dl_core.data import (
  batches,
  cache,
  coded,
  sides,
  sources,
  stored,
  translations,
  vocabularies,
)
from dl_core.data.sides import Wanted as Wanted
from dl_core.data.translations import Translations
from dl_core.data.vocabulary import Vocabulary
from dl_core.types import Batch, Data, Key, Marks, Spec, UserError

# Axis of time, see `tasks.cut`.
AXES = Batch({'source': 1, 'lengths': None, 'target': 1}, 1, 1)
CODING = 1  # raised whenever what is cached changes
POOL = 16  # batches that are drawn from neighbours in length; see `permutations.rows`


def wanted(c: Answering) -> Wanted:
  """Returns how the settings of an experiment want texts to be read."""
  return Wanted(c.longest, c.pair, c.vocabulary, c.pieces, c.lower)


def load(c: Config, wanted: Wanted, pool: int = POOL) -> Data:
  """Makes the Data of `c.dataset`; no set of ours is read before the first batch.

  Batches hold x = {source: int32 [B, S], lengths: int32 [B], target: int32 [B, T]}, y
  int32 [B, T], weight float32 [B, T]. A source ends with the stop token, and `lengths`
  counts it. y is the target with the stop token after it; x's target is the same one
  token later, after the start token (teacher forcing). What follows is the pad token,
  at weight 0. Of longer texts the first tokens are kept. Each split is in the order of
  the lengths, and a training batch is drawn from neighbours in it.

  Args:
    c: `dataset`, `data_dir` and `batch_size` are used.
    wanted: how texts are read.
    pool: batches that are drawn from the same neighbours, see `permutations.rows`; 0: a
      batch is drawn from the whole set.

  Raises:
    UserError: there is no such set, it holds no pairs of texts, or the vocabulary will
      not do.
  """
  found = translations.named(c.dataset, c.data_dir, wanted.pair)
  used = sides.of(found, wanted)
  s, t = wanted.sides

  @functools.cache
  def split(name):
    return read(found, name, used.read(), wanted)

  def one(written):
    row = sides.encoded(written, used.read()[0], s, wanted.lower)
    if row[1] < 2:
      raise UserError(f'{written!r} was given, which has no token; give a text')
    return {'source': row[0], 'lengths': np.int32(row[1])}

  def write(tokens, decoder=None):
    text = used.read()[1].decode(tokens, decoder)
    return text if decoder else text.removeprefix(' ')

  def spell(tokens, side):
    given = used.read()[side == 'target']
    return [given.decode([token]) for token in tokens]

  def marks():
    return Marks(*(getattr(used.read()[1], name) for name in Marks._fields))

  def files():
    first, second = used.read()
    more = {} if used.joint else {sides.TARGET: second.content}
    return {vocabularies.FILE: first.content} | more

  of = lambda *shape: jax.ShapeDtypeStruct((c.batch_size, *shape), np.int32)
  x = {'source': of(s), 'lengths': of(), 'target': of(t)}
  weight = jax.ShapeDtypeStruct((c.batch_size, t), np.float32)
  most = {'source': used.sizes[0], 'lengths': s + 1, 'target': used.sizes[1]}
  tag = f'{found.source}, {used.tag}' if used.tag else found.source
  spec = Spec(
    Batch(x, of(t), weight), tag, tokens=s + t, limits=Batch(most, used.sizes[1], 0)
  )
  data = batches.resident(
    spec,
    split,
    prepare=lambda x: {name: leaf.astype(np.int32) for name, leaf in x.items()},
    pool=pool,
    read=one,
    notes=found.notes,
    declaration=stored.packed(
      translations.features(found), found.languages[1], found.languages[0]
    ),
  )
  return data._replace(
    sample=functools.partial(sample, spec),
    write=write,
    baseline=lambda: constant(split('train'), split('test'), used.sizes[1]),
    digests=lambda: {
      **data.digests(),
      'vocabulary': '-'.join(dict.fromkeys(each.digest for each in used.read())),
    },
    files=files,
    spell=spell,
    marks=marks,
  )


def read(
  found: Translations,
  split: str,
  given: tuple[Vocabulary, Vocabulary],
  wanted: Wanted,
) -> tuple[Mapping[str, np.ndarray], np.ndarray, np.ndarray]:
  """Reads a split; of a prepared set through a cache. See `arranged`."""
  if found.declaration is None:
    return arranged(found.read(split), given, wanted)

  def make():
    x, y, weight = arranged(found.read(split), given, wanted)
    return {**x, 'y': y, 'weight': weight.astype(np.uint8)}

  prepared = sources.prepare(found.declaration)
  what = [split, wanted.sides, found.languages, wanted.lower, CODING]
  what += [each.digest for each in given]
  name = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]
  arrays = cache.cached(prepared.folder / 'decoded' / f'{split}-pairs-{name}.npz', make)
  y, weight = arrays.pop('y'), arrays.pop('weight')
  return arrays, y, weight.astype(np.float32)


def arranged(
  texts: translations.Texts, given: tuple[Vocabulary, Vocabulary], wanted: Wanted
) -> tuple[Mapping[str, np.ndarray], np.ndarray, np.ndarray]:
  """Returns x, y and weight of pairs, in the order of their lengths; see `load`."""
  found = [
    [sides.encoded(text, each, most, wanted.lower) for text in side]
    for side, each, most in zip(texts, given, wanted.sides, strict=True)
  ]
  source, y = (np.stack([tokens for tokens, _ in side]) for side in found)
  counts, ends = (np.array([n for _, n in side], np.int32) for side in found)
  shares = (
    each / most for each, most in zip((counts, ends), wanted.sides, strict=True)
  )
  order = np.argsort(np.maximum(*shares), kind='stable')
  start = np.full((len(y), 1), given[1].start, np.int32)
  weight = (np.arange(y.shape[1]) < ends[:, None]).astype(np.float32)
  shifted = np.where(
    weight > 0, np.concatenate([start, y[:, :-1]], axis=1), given[1].pad
  )
  x = {'source': source, 'lengths': counts, 'target': shifted}
  return {name: leaf[order] for name, leaf in x.items()}, y[order], weight[order]


def lengths(batch: Batch) -> Any:
  """Returns how much [B] of S or T a pair needs, the larger, out of T; see `cut`."""
  s, t = batch.x['source'].shape[1], batch.y.shape[1]
  own = jax.numpy.sum(batch.weight > 0, axis=1).astype(np.int32)
  return jax.numpy.maximum(-(-batch.x['lengths'] * t // s), own)


def constant(train: tuple, test: tuple, size: int) -> dict[str, float]:
  """Scores the best constant answers: token frequencies, and the likeliest target."""
  (_, y, weight), (_, test_y, test_weight) = train, test
  tokens = coded.constant(y[weight > 0], test_y[test_weight > 0], size)
  rows, often = np.unique(y, axis=0, return_counts=True)
  exact = np.all(test_y == rows[often.argmax()][None], axis=1)
  return tokens | {'exact': float(np.mean(exact))}


def sample(spec: Spec, key: Key) -> Batch:
  """Draws a host batch of the longest texts; see `Data.sample`."""
  draw = np.random.default_rng(np.asarray(jax.random.key_data(key)))
  x, y, weight = spec.batch
  tokens = lambda like, most: draw.integers(most, size=like.shape).astype(np.int32)
  size, longest = x['source'].shape
  return Batch(
    {
      'source': tokens(x['source'], spec.limits.x['source']),
      'lengths': np.full(size, longest, np.int32),
      'target': tokens(x['target'], spec.limits.x['target']),
    },
    tokens(y, spec.limits.y),
    np.ones(weight.shape, np.float32),
  )
