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
from dl_core.data import batches, corpus, declarations, stored, stream
from dl_core.types import Array, Batch, Data, Key, Spec, UserError

STREAMS = 32


def load(c: Config, window: int, refit: bool = False) -> Data:
  """Makes the Data of `c.dataset`: each token is predicted from the ones before it.

  Training batches hold x int32 [B, T], y int32 [B, T], the tokens that come next, and
  weight float32 [B, T], ones: windows of T = `window` tokens from anywhere in the
  training split. Each evaluation split is one batch [S, L]: S streams side by side,
  each in order, in which every token of the split is y once, at weight 1. The x of its
  first token is the one before it in the text, else a newline (token 0 without one).
  Validation and test are of one shape.

  No set of ours is read before the first batch. One that declares no vocabulary is read
  here once, to find it; a user's own file is read here at every start.

  Args:
    c: `dataset`, `data_dir`, `batch_size` and `resident_bytes` are used.
    window: T.
    refit: whether to train on validation, too: there is no such split then.

  Raises:
    UserError: there is no such set or file, or it is no text, or too short a one; or a
      setting asks for the validation split where there is none.
  """
  if c.dataset == 'text':
    text = corpus.own(c.data_dir, window)
  else:
    text = corpus.named(c.dataset, c.data_dir)
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
  ids = functools.cache(text.ids)
  draw = functools.partial(starts, window=window, batch_size=c.batch_size)

  @functools.cache
  def training() -> np.ndarray:
    if len(ids('train')) <= window:
      raise UserError(
        f'{text.source} was given, whose training split has {len(ids("train")):,} '
        f'tokens; windows of {window:,} want {window + 1:,}, give a longer text'
      )
    return ids('train')

  @functools.cache
  def way() -> stream.Way:
    ids, read = training(), functools.partial(windows, window=window)
    if ids.nbytes <= c.resident_bytes:
      return stream.whole(training, draw, read)
    return stream.streamed(functools.partial(read, ids), draw, lambda: len(ids))

  def take(arrays, key, step):
    x, y = way().pick(arrays, key, step)
    return Batch(x, y, jnp.ones(y.shape, jnp.float32))

  def evaluated(split):
    alike = (split,) if split == 'train' else splits[1:]
    sizes = [len(ids(name)) for name in alike]
    rows = min(STREAMS, *sizes)
    previous = text.follows.get(split)
    before = ids(previous)[-1] if previous else max(text.vocabulary.find('\n'), 0)
    yield streams(ids(split), before, rows, -(-max(sizes) // rows))

  of = functools.partial(jax.ShapeDtypeStruct, (c.batch_size, window))
  batch = Batch(of(np.int32), of(np.int32), of(np.float32))
  return Data(
    spec=Spec(batch, text.source, tuple(text.vocabulary), tokens=window),
    feed=lambda key, step: way().feed(key, step),
    take=take,
    splits={split: functools.partial(evaluated, split) for split in splits},
    rows=lambda key, step: draw(key, step, len(training())),
    baseline=lambda: unigram(ids('train'), ids('test'), len(text.vocabulary)),
    read=functools.partial(prompt, vocabulary=text.vocabulary),
    digests=lambda: {
      split: batches.digest((ids(split), corpus.points(text.vocabulary)))
      for split in splits
    },
    notes=text.notes,
    declaration=stored.packed({'text': declarations.Feature('Text')}),
  )


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


def windows(ids: Any, first: Any, window: int) -> tuple[Any, Any]:
  """Reads the windows of a text [n] that begin at `first` [B], in NumPy and JAX alike.

  Returns:
    x int32 [B, T] and y int32 [B, T], the tokens that come next.
  """
  tokens = ids[first[:, None] + np.arange(window + 1)[None]].astype(np.int32)
  return tokens[:, :-1], tokens[:, 1:]


def streams(ids: np.ndarray, before: int, rows: int, length: int) -> Batch:
  """Arranges a text [n] as S streams of L tokens, padded at weight 0.

  Args:
    ids: the tokens to predict.
    before: the token before the first of them.
    rows: S.
    length: L, with S * L >= n.
  """

  def laid_out(values, dtype):
    filled = np.zeros(rows * length, dtype)
    filled[: len(values)] = values
    return filled.reshape(rows, length)

  x = np.concatenate([[before], ids[:-1]])
  weight = np.ones(len(ids))
  return Batch(
    laid_out(x, np.int32), laid_out(ids, np.int32), laid_out(weight, np.float32)
  )


def unigram(train: np.ndarray, test: np.ndarray, tokens: int) -> dict[str, float]:
  """Scores the constant prediction: the frequency of each token in training.

  Args:
    train, test: the numbers of their tokens.
    tokens: size of the vocabulary.

  Returns:
    nats: cross entropy a token of the test split, one added to each count;
    accuracy: of the most frequent token.
  """
  counts = np.bincount(train, minlength=tokens) + 1
  return {
    'nats': float(np.mean(np.log(counts.sum() / counts)[test])),
    'accuracy': float(np.mean(test == counts.argmax())),
  }


def prompt(text: str, vocabulary: str) -> np.ndarray:
  """Encodes what a user wrote as tokens int32 [P].

  Args:
    text: of the prompt.
    vocabulary: the tokens that the model was trained on, in the order of their code
      points; of a trained model, the `classes` that its workdir stores.

  Raises:
    UserError: the text is empty, or has a character that the vocabulary lacks.
  """
  if not text:
    raise UserError('an empty prompt was given; give at least one character')
  ids, known = corpus.numbers(text, vocabulary)
  if not known.all():
    place = int(known.argmin())
    raise UserError(
      f'the prompt has {text[place]!r} at character {place + 1}, which is not among '
      f'the {len(vocabulary)} tokens of the text; leave it out'
    )
  return ids.astype(np.int32)
