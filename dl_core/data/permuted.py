"""Lists of letters under a permutation that has to be learned from each list alone.

A pair is a letter and the capital that a permutation maps it to. Each list has a random
permutation of its own.

Shapes: B lists, N pairs of each.
"""

import string

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import demonstrations
from dl_core.data.demonstrations import START, Demonstrations, Lists
from dl_core.types import Key

BATCHES = 8  # of each split


def lists(shots: int, letters: int) -> Demonstrations:
  """Makes lists of letters and the capitals that a permutation pairs them with.

  Each letter of a list is drawn from all, so letters are repeated.

  Args:
    shots: N - 1.
    letters: number of letters that are permuted.
  """
  small = string.ascii_lowercase[:letters]
  first = START + 1

  def draw(key: Key, size: int, split: str) -> Lists:
    del split  # each has keys of its own
    order_key, letter_key = jax.random.split(key)
    order = jnp.argsort(jax.random.uniform(order_key, (size, letters)), axis=1)
    chosen = jax.random.randint(letter_key, (size, shots + 1), 0, letters)
    answers = jnp.take_along_axis(order, chosen, axis=1)
    head = jnp.full(size, START)
    return demonstrations.joined(head, first + chosen, first + letters + answers)

  def optimum(x: np.ndarray) -> np.ndarray:
    asked = np.eye(letters, dtype=bool)[x[:, 1::2] - first]  # [B, N, letters]
    seen = np.cumsum(asked, axis=1) - asked > 0  # before each
    unseen = np.maximum(letters - seen.sum(axis=2), 1)
    return np.where((seen & asked).any(axis=2), 1, 1 / unseen)

  return Demonstrations(
    source=f'permutations-{letters}-{shots}/1',
    words=('', *small, *small.upper()),
    draw=draw,
    batches=BATCHES,
    optimum=optimum,
    notes=(f'Each list has a random permutation of {letters} letters.',),
  )
