"""Random letters, and a question: which one stood so many places before the end?

The capital after the letters names the distance, A the shortest one; the answer is the
letter there. Nothing but distance makes one question harder than another. Every batch
is drawn anew.

Shapes: B examples, S tokens of a source: N letters, the question, the stop token.
"""

import functools
import string
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import copies, vocabulary
from dl_core.types import Batch, Data, Key, UserError

LETTERS = vocabulary.marked(string.ascii_uppercase + string.ascii_lowercase)
FIRST = int(LETTERS.encode('a').ids[0])  # tokens of the letters; they are in order
ASKED = int(LETTERS.encode('A').ids[0])
COUNT = len(string.ascii_lowercase)
KINDS = 16  # most distances
EACH = 32  # examples of each distance in validation and in the test split
ANSWER = 2  # tokens: a letter and the stop token


def distances(letters: int) -> np.ndarray:
  """Returns the distances that are asked among N letters; the last one is N."""
  step = max(1, letters // KINDS)
  return np.arange(step, letters + 1, step)[-KINDS:]


def load(batch_size: int, longest: int) -> Data:
  """Makes the Data of S - 2 letters; batches are those of `data.pairs`.

  Raises:
    UserError: there is no room for a letter.
  """
  count = longest - 2
  if count < 1:
    raise UserError(
      f'--longest={longest} was given with --dataset=recall, whose sources are '
      'letters, a question and the stop token; give at least 3'
    )
  kinds = len(distances(count))

  def draw(key: Key, size: int) -> Batch:
    kind_key, letter_key = jax.random.split(key)
    return asked(letter_key, jax.random.randint(kind_key, (size,), 0, kinds), count)

  def split(key: Key) -> Batch:
    return asked(key, jnp.repeat(jnp.arange(kinds), EACH), count)

  def read(text: str) -> Any:
    wanted = f'give {count} letters and a capital of A to {chr(64 + kinds)}'
    found = copies.row(LETTERS, text, longest, wanted)
    ids = found['source'][: count + 1]
    letters = (ids[:-1] >= FIRST) & (ids[:-1] < FIRST + COUNT)
    question = ASKED <= ids[-1] < ASKED + kinds
    if found['lengths'] != longest or not letters.all() or not question:
      raise UserError(f'{text!r} was given; {wanted}')
    return found

  data = copies.spelt(f'recall-{count}/1', draw, split, LETTERS, batch_size)
  nats = float(np.log(COUNT)) / ANSWER  # the stop token is known
  return data._replace(read=read, baseline=lambda: {'nats': nats, 'exact': 1 / COUNT})


@functools.partial(jax.jit, static_argnums=2)
def asked(key: Key, kinds: Any, count: int) -> Batch:
  """Draws letters with questions of some kinds [B], as a Batch of `data.pairs`."""
  size = len(kinds)
  letters = jax.random.randint(key, (size, count), FIRST, FIRST + COUNT, jnp.int32)
  places = count - jnp.asarray(distances(count))[kinds]
  answer = jnp.take_along_axis(letters, places[:, None], axis=1)
  mark = lambda token: jnp.full((size, 1), token, jnp.int32)
  question = (ASKED + kinds).astype(jnp.int32)[:, None]
  stop = mark(LETTERS.stop)
  x = {
    'source': jnp.concatenate([letters, question, stop], axis=1),
    'lengths': jnp.full(size, count + 2, jnp.int32),
    'target': jnp.concatenate([mark(LETTERS.start), answer], axis=1),
  }
  y = jnp.concatenate([answer, stop], axis=1)
  return Batch(x, y, jnp.ones(y.shape, jnp.float32))
