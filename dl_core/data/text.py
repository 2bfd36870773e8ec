"""Loads texts: random windows to train on, sequential streams to evaluate on.

`--dataset=NAME` is one of ours, or any set of TensorFlow Datasets that is prepared and
whose examples have a text; `--dataset=text --data_dir=FILE` is a user's own text.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.config import Config
from dl_core.data import (
  batches,
  coded,
  corpus,
  declarations,
  stored,
  stream,
  vocabularies,
)
from dl_core.data.vocabulary import Encoded
from dl_core.types import Array, Batch, Data, Key, Spec, UserError

STREAMS = 32


def load(
  c: Config,
  window: int,
  refit: bool = False,
  vocabulary: str = vocabularies.CHARACTERS,
  pieces: int = 0,
) -> Data:
  """Makes the Data of `c.dataset`: each token is predicted from the ones before it.

  Training batches hold x int32 [B, T], y int32 [B, T], the tokens that come next, and
  weight float32 [B, T], ones: windows of T = `window` tokens from anywhere in the
  training split. Each evaluation split is one batch [S, L]: S streams side by side,
  each in order, in which every token of the split is y once, at weight 1. The x of its
  first token is the one before it in the text, else the vocabulary's `start`.
  Validation and test are of one shape.

  Where tokens are no characters, weight is {'tokens': as above, 'characters': float32,
  the number of characters that each y stands for}. The splits are the same characters
  whatever the vocabulary.

  No set of ours is read before the first batch. A set of characters that declares none
  is read here once, to find them; a user's own file is read here at every start.

  Args:
    c: `dataset`, `data_dir`, `batch_size` and `resident_bytes` are used.
    window: T.
    refit: whether to train on validation, too: there is no such split then.
    vocabulary, pieces: see `vocabularies.choice`.

  Raises:
    UserError: there is no such set or file, or it is no text, or too short a one; or a
      setting asks for the validation split where there is none; or the vocabulary will
      not do.
  """
  text = corpus.named(c, window, vocabulary, pieces)
  splits = corpus.SPLITS
  if refit:
    rules = ('patience', 'until', 'keep_best')
    choosing = [name for name in rules if getattr(c, name)]
    if choosing:
      raise UserError(
        f'--{choosing[0]} was given, which chooses on the validation split, but '
        f'--refit (given, or by default for {c.dataset}) trains on that; give '
        '--norefit, or drop it'
      )
    text, splits = corpus.refitted(text), ('train', 'test')
  plain = text.kind == vocabularies.CHARACTERS
  draw = functools.partial(starts, window=window, batch_size=c.batch_size)

  @functools.cache
  def training() -> Any:
    found = text.coded('train')
    if len(found.ids) <= window:
      raise UserError(
        f'{text.source} was given, whose training split has {len(found.ids):,} '
        f'tokens; windows of {window:,} want {window + 1:,}, give a longer text'
      )
    return found.ids if plain else found

  count = lambda: len(jax.tree.leaves(training())[0])

  @functools.cache
  def way() -> stream.Way:
    arrays, read = training(), functools.partial(windows, window=window)
    if sum(leaf.nbytes for leaf in jax.tree.leaves(arrays)) <= c.resident_bytes:
      return stream.whole(training, draw, read)
    return stream.streamed(functools.partial(read, arrays), draw, count)

  def take(arrays, key, step):
    x, y, *characters = way().pick(arrays, key, step)
    ones = jnp.ones(y.shape, jnp.float32)
    return Batch(x, y, weighed(ones, *characters))

  def evaluated(split):
    alike = (split,) if split == 'train' else splits[1:]
    sizes = [len(text.coded(name).ids) for name in alike]
    rows = min(STREAMS, *sizes)
    previous = text.follows.get(split)
    before = text.coded(previous).ids[-1] if previous else text.vocabulary().start
    length = -(-max(sizes) // rows)
    yield streams(text.coded(split), before, rows, length, counted=not plain)

  def digests():
    if plain:
      codes = coded.points(text.vocabulary())
      return {name: batches.digest((text.coded(name).ids, codes)) for name in splits}
    own = {name: batches.digest(tuple(text.coded(name))) for name in splits}
    return own | {'vocabulary': text.vocabulary().digest}

  of = functools.partial(jax.ShapeDtypeStruct, (c.batch_size, window))
  weight = of(np.float32) if plain else weighed(of(np.float32), of(np.float32))
  batch = Batch(of(np.int32), of(np.int32), weight)
  none = jax.tree.map(lambda leaf: 0, weight)
  return Data(
    spec=Spec(
      batch, text.source, tokens=window, limits=Batch(text.size, text.size, none)
    ),
    feed=lambda key, step: way().feed(key, step),
    take=take,
    splits={split: functools.partial(evaluated, split) for split in splits},
    rows=lambda key, step: draw(key, step, count()),
    baseline=lambda: unigram(
      text.coded('train'), text.coded('test'), text.size, counted=not plain
    ),
    read=lambda written: vocabularies.prompt(written, text.vocabulary()),
    write=lambda tokens, decoder=None: text.vocabulary().decode(tokens, decoder),
    digests=digests,
    notes=text.notes,
    declaration=stored.packed({'text': declarations.Feature('Text')}),
    files=lambda: {vocabularies.FILE: text.vocabulary().content},
  )


def counted(spec: Spec) -> bool:
  """Returns whether the weight of a batch holds characters; see `load`."""
  return len(jax.tree.leaves(spec.batch.weight)) > 1


def weighed(tokens: Any, characters: Any = None) -> Any:
  """Returns the weight of a batch; see `load` and `tasks.language`."""
  if characters is None:
    return tokens
  return {'tokens': tokens, 'characters': characters}


def starts(key: Key, step: Any, n: int, *, window: int, batch_size: int) -> Array:
  """Draws where the windows [B] of a step begin, uniformly over all places.

  Args:
    key: the same at every step.
    step: its number.
    n: tokens of the text, window < n < 2^31.
    window: T; a window and the token after it are inside the text.
    batch_size: B.
  """
  step_key = jax.random.fold_in(key, step)
  return jax.random.randint(step_key, (batch_size,), 0, n - window, jnp.int32)


def windows(text: Any, first: Any, window: int) -> tuple[Any, ...]:
  """Reads the windows of a text that begin at `first` [B], in NumPy and JAX alike.

  Args:
    text: its tokens [n]; or `Encoded`, with their characters.
    first: where the windows begin.
    window: T.

  Returns:
    x int32 [B, T] and y int32 [B, T], the tokens that come next; the characters float32
    [B, T] of y, where they are given.
  """
  places = first[:, None] + np.arange(window + 1)[None]
  ids, *characters = jax.tree.leaves(text)
  tokens = ids[places].astype(np.int32)
  more = (each[places[:, 1:]].astype(np.float32) for each in characters)
  return tokens[:, :-1], tokens[:, 1:], *more


def streams(
  text: Encoded, before: int, rows: int, length: int, counted: bool = False
) -> Batch:
  """Arranges a text of n tokens as S streams of L, padded at weight 0.

  Args:
    text: the tokens to predict.
    before: the token before the first of them.
    rows: S.
    length: L, with S * L >= n.
    counted: whether the weight holds their characters, too.
  """

  def laid_out(values, dtype):
    filled = np.zeros(rows * length, dtype)
    filled[: len(values)] = values
    return filled.reshape(rows, length)

  ids = text.ids
  x = np.concatenate([[before], ids[:-1]])
  weight = [laid_out(np.ones(len(ids)), np.float32)]
  weight += [laid_out(text.characters, np.float32)] if counted else []
  return Batch(laid_out(x, np.int32), laid_out(ids, np.int32), weighed(*weight))


def unigram(
  train: Encoded, test: Encoded, tokens: int, counted: bool = False
) -> dict[str, float]:
  """Scores the constant prediction: the frequency of each token in training.

  Args:
    train, test: their tokens.
    tokens: size of the vocabulary.
    counted: whether to divide by the characters, too.

  Returns:
    nats, accuracy: see `coded.constant`;
    nats_per_character: all nats over all characters, if wanted.
  """
  found = coded.constant(train.ids, test.ids, tokens)
  if counted:
    nats = found['nats'] * len(test.ids)
    found['nats_per_character'] = float(nats / test.characters.sum(dtype=float))
  return found
