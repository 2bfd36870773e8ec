"""Full batches: every step sees the same examples, which the seed of a run has drawn.

Runs of several seeds learn so from several samples of one set, and are tested on the
same examples. Shapes: B batch, F columns.
"""

import functools
from collections.abc import Callable

import jax
import numpy as np

from dl_core.data import batches
from dl_core.data.images import most_frequent
from dl_core.types import Batch, Data, Spec


def labelled(
  source: str,
  columns: int,
  classes: tuple[str, ...],
  load: Callable[[str], tuple[np.ndarray, np.ndarray]],
  batch_size: int,
) -> Data:
  """Makes the Data of numbers in columns and their classes.

  Batches hold x float32 [B, F], y int32 [B], weight float32 [B].

  Args:
    source: name and version.
    columns: F.
    classes: the label names.
    load: ('train' | 'validation' | 'test') -> (x, y) of all its examples.
    batch_size: B.
  """
  each = functools.partial(jax.ShapeDtypeStruct, (batch_size,))
  x = jax.ShapeDtypeStruct((batch_size, columns), np.float32)
  spec = Spec(Batch(x, each(np.int32), each(np.float32)), source, classes)
  return batches.resident(spec, load, baseline=most_frequent)


def whole(data: Data) -> Data:
  """Returns Data that feeds the batch of step 0 at every step: one training sample.

  The run's key draws it, so it differs from seed to seed; a batch as large as the
  training set is all of it, in some order.
  """
  rows = data.rows
  assert rows is not None, f'the examples of {data.spec.source} have no numbers'
  sample = jax.jit(lambda key: rows(key, 0))  # asked for at every evaluation
  return data._replace(
    feed=lambda key, step: data.feed(key, 0),
    take=lambda arrays, key, step: data.take(arrays, key, 0),
    rows=lambda key, step: sample(key),
  )
