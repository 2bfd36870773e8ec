"""Random letters that are to be written again: all of a source is needed, and no more.

Nothing can be learned of the language, since there is none: what a model writes without
looking at the source again is what its state has kept. Every batch is drawn anew.

Shapes: B examples, T tokens of the longest, the stop token included.
"""

import functools
import string
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import drawn, vocabularies, vocabulary
from dl_core.data.vocabulary import Vocabulary
from dl_core.types import Batch, Data, Key, Marks, UserError

LETTERS = vocabulary.marked(string.ascii_lowercase)
MARKS = Marks(LETTERS.start, LETTERS.stop or 0, LETTERS.pad)
NEAR = 8  # a batch has at most so many different lengths
EACH = 32  # examples of each length in validation and in the test split


def load(batch_size: int, longest: int) -> Data:
  """Makes the Data of copies of 1 to T - 1 letters; batches are those of `data.pairs`.

  The lengths of a training batch are neighbours, the longest of them drawn uniformly.
  """
  most = longest - 1

  def draw(key: Key, size: int) -> Batch:
    high_key, low_key, letter_key = jax.random.split(key, 3)
    high = jax.random.randint(high_key, (), 1, most + 1)
    shorter = jax.random.randint(low_key, (size,), 0, NEAR)
    return copied(letter_key, jnp.maximum(high - shorter, 1), longest)

  def split(key: Key) -> Batch:
    counts = np.repeat(np.arange(1, most + 1), EACH).astype(np.int32)
    return copied(key, counts, longest)

  mean = (most + 1) / 2
  nats = float(np.log(LETTERS.size - vocabulary.MARKS))  # the stop token is known
  data = spelt(f'copies-{most}/1', draw, split, LETTERS, batch_size)

  def read(text: str) -> Any:
    return row(LETTERS, text, longest, f'give 1 to {most} letters')

  return data._replace(read=read, baseline=lambda: {'nats': nats * mean / (mean + 1)})


def spelt(
  source: str,
  draw: Callable[[Key, int], Batch],
  split: Callable[[Key], Batch],
  letters: Vocabulary,
  batch_size: int,
) -> Data:
  """Makes the Data of pairs of texts that are drawn, without `read` and `baseline`.

  Args:
    source: name and version.
    draw: (key, B) -> a Batch of `data.pairs`.
    split: (key) -> all examples of a split.
    letters: the vocabulary of both texts.
    batch_size: B.
  """

  def examples(number: int) -> Iterator[Batch]:
    yield jax.device_get(jax.jit(split)(jax.random.key(number)))

  write = lambda tokens, decoder=None: letters.decode(tokens, decoder)
  data = drawn.computed(
    source, draw, batch_size, 1, notes=('Each example is drawn anew.',)
  )
  x, y, _ = data.spec.batch
  longest, size = x['source'].shape[1], letters.size
  limits = {'source': size, 'lengths': longest + 1, 'target': size}
  return data._replace(
    spec=data.spec._replace(tokens=longest + y.shape[1], limits=Batch(limits, size, 0)),
    splits={
      name: functools.partial(examples, n) for n, name in enumerate(drawn.SPLITS)
    },
    write=write,
    files=lambda: {vocabularies.FILE: letters.content},
    spell=lambda tokens, side: [write([token]) for token in tokens],
    marks=lambda: Marks(letters.start, letters.stop or 0, letters.pad),
  )


def row(letters: Vocabulary, text: str, longest: int, wanted: str) -> Any:
  """Returns x of one text with its stop token; see `Data.read`.

  Raises:
    UserError: the text is empty or too long; `wanted` says what it should be.
  """
  ids = letters.encode(text).ids
  if not 0 < len(ids) < longest:
    raise UserError(f'{text!r} was given; {wanted}')
  source = np.full(longest, letters.pad, np.int32)
  source[: len(ids) + 1] = [*ids, letters.stop]
  return {'source': source, 'lengths': np.int32(len(ids) + 1)}


def copied(key: Key, counts: Any, longest: int) -> Batch:
  """Draws letters, `counts` [B] of them, as a Batch of `data.pairs`."""
  places = jnp.arange(longest)[None]
  shape = (len(counts), longest)
  ids = jax.random.randint(key, shape, vocabulary.MARKS, LETTERS.size, jnp.int32)
  ends = counts[:, None]
  y = jnp.where(places < ends, ids, jnp.where(places == ends, MARKS.stop, MARKS.pad))
  weight = (places <= ends).astype(jnp.float32)
  before = jnp.concatenate([jnp.full_like(y[:, :1], MARKS.start), y[:, :-1]], axis=1)
  target = jnp.where(weight > 0, before, MARKS.pad)
  x = {'source': y, 'lengths': jnp.asarray(counts + 1, jnp.int32), 'target': target}
  return Batch(x, y, weight)
