"""Computes toy data: pure functions of a name and a seed, without a file."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import batches
from dl_core.types import Batch, Data, Spec

# Labels of the rows (0, 0), (0, 1), (1, 0), (1, 1).
GATES = {
  'and': (-1, -1, -1, 1),
  'or': (-1, 1, 1, 1),
  'nand': (1, 1, 1, -1),
  'xor': (-1, 1, 1, -1),
}
ROWS = ((0, 0), (0, 1), (1, 0), (1, 1))
MARGIN = 0.1  # of `points`: no point is nearer to the true line


def gate(name: str) -> tuple[np.ndarray, np.ndarray]:
  """Returns the truth table of a gate: inputs [4, 2] of 0 and 1, labels [4] of ±1."""
  return np.array(ROWS, np.float32), np.array(GATES[name], np.float32)


def points(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
  """Draws n points [n, 2] in the square [-1, 1]² and the side [n], ±1, of a line.

  The line is the same for every seed; `MARGIN` is left free on both sides of it.
  """
  random = np.random.default_rng(seed)
  normal, offset = np.array([0.8, -0.6]), 0.2
  x = random.uniform(-1, 1, (4 * n + 64, 2))
  distance = x @ normal + offset
  far = np.abs(distance) > MARGIN
  return x[far][:n].astype(np.float32), np.sign(distance[far][:n]).astype(np.float32)


def gate_data(name: str, batch_size: int, classes: bool = False) -> Data:
  """Returns a gate as Data: its four rows are train, validation and test alike.

  Args:
    name: of `GATES`.
    batch_size: examples a step, 4 at most.
    classes: whether labels are class numbers, 0 and 1, and not ±1.
  """
  x, y = gate(name)
  table = (x, np.int32(y > 0)) if classes else (x, y)
  return _data(f'gate-{name}/1', dict.fromkeys(SPLITS, table), batch_size)


def points_data(batch_size: int) -> Data:
  """Returns separable points as Data: 100 for training, 100 and 100 to look at."""
  splits = {split: points(seed, 100) for seed, split in enumerate(SPLITS)}
  return _data('points/1', splits, batch_size)


SPLITS = ('train', 'validation', 'test')


def _data(source: str, splits: Mapping, batch_size: int) -> Data:
  def shape(like):
    return jax.ShapeDtypeStruct((batch_size, *like.shape[1:]), like.dtype)

  def baseline(train, test):
    labels, counts = np.unique(train, return_counts=True)
    return {'accuracy': float(np.mean(test == labels[counts.argmax()]))}

  x, y = map(shape, splits['train'])
  weight = jax.ShapeDtypeStruct((batch_size,), jnp.float32)
  spec = Spec(Batch(x, y, weight), source, ('-1', '+1'))
  return batches.resident(spec, splits.__getitem__, baseline=baseline)
