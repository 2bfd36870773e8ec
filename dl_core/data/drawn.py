"""Data whose batches are computed anew at every step, from the key and the step alone.

There is no set of examples: none is seen twice, and nothing is read or stored.
"""

import functools
from collections.abc import Callable, Iterator, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Batch, Data, Key, Spec

SPLITS = ('train', 'validation', 'test')
Draw = Callable[[Key, int], tuple]  # (key, B) -> (x, y) or (x, y, weight), in JAX


def computed(
  source: str,
  draw: Draw,
  batch_size: int,
  batches: int,
  baseline: Callable[[Batch], Mapping[str, float]] = lambda batch: {},
  notes: tuple[str, ...] = (),
) -> Data:
  """Makes the Data of a distribution to draw from.

  Every split is `batches` batches of `evaluation` examples, the same in every run and
  none of them drawn in training.

  Args:
    source: name and version of the distribution.
    draw: (key, B) -> x and y of B examples, and their weight, if it is not 1.
    batch_size: examples a step.
    batches: batches of each split, at which the model is evaluated.
    baseline: (a batch of the test split) -> scores of the best constant answer.
    notes: see `Data`.
  """

  def batch(key, size=batch_size):
    x, y, *weight = draw(key, size)
    ones = lambda leaf: jnp.ones(leaf.shape, jnp.float32)
    return Batch(x, y, *(weight or [jax.tree.map(ones, y)]))

  evaluated = jax.jit(functools.partial(batch, size=max(batch_size, 256)))

  def split(number: int) -> Iterator[Batch]:
    key = jax.random.key(number)
    for place in range(batches):
      yield jax.device_get(evaluated(jax.random.fold_in(key, place)))

  spec = Spec(jax.eval_shape(batch, jax.random.key(0)), source)
  return Data(
    spec=spec,
    feed=lambda key, step: (),
    take=lambda arrays, key, step: batch(jax.random.fold_in(key, step)),
    splits={
      name: functools.partial(split, number) for number, name in enumerate(SPLITS)
    },
    baseline=lambda: baseline(next(split(SPLITS.index('test')))),
    notes=notes,
    sample=lambda key: jax.tree.map(np.asarray, batch(key)),
  )
