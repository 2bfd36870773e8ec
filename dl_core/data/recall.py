"""Random letters, up to 16 of which are copied, the last one first.

Of 128 letters they are every eighth. The kth answer is always the letter at the kth
distance from the end, so nothing but distance makes one answer harder than another, and
each source asks for all of them. Every batch is drawn anew.

Shapes: B examples, N letters of a source, K distances; a source has N + 1 tokens and a
target K + 1, with the stop token.
"""

import string
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import copies, vocabulary
from dl_core.types import Batch, Data, Key, UserError

LETTERS = vocabulary.marked(string.ascii_lowercase)
FIRST = int(LETTERS.encode('a').ids[0])  # tokens of the letters; they are in order
COUNT = len(string.ascii_lowercase)
KINDS = 16  # most distances
EXAMPLES = 512  # in validation and in the test split


def distances(letters: int) -> np.ndarray:
  """Returns the distances [K] that are asked among N letters, increasing, from 1 to N.

  The last letter has the distance 1, the first one N.
  """
  step = max(1, letters // KINDS)
  return np.arange(step, letters + 1, step)[-KINDS:]


def load(batch_size: int, longest: int) -> Data:
  """Makes the Data of N = `longest` - 1 letters; batches are those of `data.pairs`.

  Raises:
    UserError: there is no room for a letter.
  """
  count = longest - 1
  if count < 1:
    raise UserError(
      f'--longest={longest} was given with --dataset=recall, whose sources are '
      'letters and the stop token; give at least 2'
    )

  def draw(key: Key, size: int) -> Batch:
    shape = (size, count)
    return asked(jax.random.randint(key, shape, FIRST, FIRST + COUNT, jnp.int32))

  def split(key: Key) -> Batch:
    return draw(key, EXAMPLES)

  def read(text: str) -> Any:
    wanted = f'give {count} letters of a to z'
    found = copies.row(LETTERS, text, longest, wanted)
    letters = found['source'][:-1]
    known = (letters >= FIRST) & (letters < FIRST + COUNT)
    if found['lengths'] != longest or not known.all():
      raise UserError(f'{text!r} was given; {wanted}')
    return found

  data = copies.spelt(f'recall-{count}/2', draw, split, LETTERS, batch_size)
  kinds = len(distances(count))
  nats = float(np.log(COUNT)) * kinds / (kinds + 1)  # the stop token is known
  baseline = lambda: {'nats': nats, 'exact': COUNT**-kinds}
  return data._replace(read=read, baseline=baseline)


def asked(letters: Any) -> Batch:
  """Returns the Batch of `data.pairs` of letters [B, N], token numbers."""
  size, count = letters.shape
  answers = letters[:, count - distances(count)]
  mark = lambda token: jnp.full((size, 1), token, jnp.int32)
  stop = mark(LETTERS.stop)
  x = {
    'source': jnp.concatenate([letters, stop], axis=1),
    'lengths': jnp.full(size, count + 1, jnp.int32),
    'target': jnp.concatenate([mark(LETTERS.start), answers], axis=1),
  }
  y = jnp.concatenate([answers, stop], axis=1)
  return Batch(x, y, jnp.ones(y.shape, jnp.float32))
