"""The adding problem: T numbers, two of them marked, whose sum is the answer.

Hochreiter & Schmidhuber, "Long short-term memory", 1997, section 5.4, in the form used
since (Le, Jaitly & Hinton 2015, https://arxiv.org/abs/1504.00941): numbers are uniform
in [0, 1), one is marked in each half, and the target is their sum. (The paper's own has
numbers in [-1, 1], marks in the first ten places and in the first half, and a target
scaled to [0, 1].) The best constant answer is 1; its mean squared error is the variance
of the sum of two uniform numbers, 1/6.

Shapes: B sequences, T steps.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import drawn
from dl_core.types import Array, Batch, Data, Key

CONSTANT = 1 / 6  # mean squared error of the answer 1
BATCHES = 4  # of each split


def examples(key: Key, size: int, length: int) -> tuple[Array, Array]:
  """Draws B examples: x float32 [B, T, 2], numbers and marks, and sums y [B]."""
  number_key, first_key, second_key = jax.random.split(key, 3)
  numbers = jax.random.uniform(number_key, (size, length))
  half = length // 2
  first = jax.random.randint(first_key, (size, 1), 0, half)
  second = jax.random.randint(second_key, (size, 1), half, length)
  places = jnp.arange(length)[None]
  marks = ((places == first) | (places == second)).astype(jnp.float32)
  return jnp.stack([numbers, marks], axis=-1), jnp.sum(numbers * marks, axis=1)


def data(length: int, batch_size: int) -> Data:
  """Returns the adding problem of T = `length` steps as Data; see `examples`."""

  def baseline(batch: Batch) -> dict[str, float]:
    return {'mse': float(np.mean((batch.y - 1) ** 2))}

  return drawn.computed(
    f'adding-{length}/1',
    functools.partial(examples, length=length),
    batch_size,
    BATCHES,
    baseline,
    ('Each example is drawn anew; the best constant answer is 1.',),
  )
