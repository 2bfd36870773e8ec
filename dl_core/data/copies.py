"""Random letters that are to be written again: all of a source is needed, and no more.

Nothing can be learned of the language, since there is none: what a model writes without
looking at the source again is what its state has kept. Every batch is drawn anew.

Shapes: B examples, T tokens of the longest, the stop token included.
"""

import functools
import string
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import drawn, vocabularies, vocabulary
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

  def split(number: int) -> Iterator[Batch]:
    counts = np.repeat(np.arange(1, most + 1), EACH).astype(np.int32)
    yield jax.device_get(copied(jax.random.key(number), counts, longest))

  def read(text: str) -> Any:
    ids = LETTERS.encode(text).ids
    if not 0 < len(ids) <= most:
      raise UserError(f'{text!r} was given; give 1 to {most} letters')
    source = np.full(longest, LETTERS.pad, np.int32)
    source[: len(ids) + 1] = [*ids, MARKS.stop]
    return {'source': source, 'lengths': np.int32(len(ids) + 1)}

  def write(tokens: Any, decoder: Any = None) -> str:
    return LETTERS.decode(tokens, decoder)

  size, mean = LETTERS.size, (most + 1) / 2
  limits = {'source': size, 'lengths': longest + 1, 'target': size}
  nats = float(np.log(size - vocabulary.MARKS))  # of a letter; the stop token is known
  data = drawn.computed(
    f'copies-{most}/1', draw, batch_size, 1, notes=('Each example is drawn anew.',)
  )
  return data._replace(
    spec=data.spec._replace(tokens=2 * longest, limits=Batch(limits, size, 0)),
    splits={name: functools.partial(split, n) for n, name in enumerate(drawn.SPLITS)},
    baseline=lambda: {'nats': nats * mean / (mean + 1)},
    read=read,
    write=write,
    files=lambda: {vocabularies.FILE: LETTERS.content},
    spell=lambda tokens, side: [write([token]) for token in tokens],
    marks=lambda: MARKS,
  )


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
