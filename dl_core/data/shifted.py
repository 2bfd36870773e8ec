"""The digits of scikit-learn, each at every place of a larger field.

What a digit is does not depend on where it lies, but which pixels it blackens does: a
sum of weighted pixels can no longer tell the digits apart, while one example for every
place of every digit makes a set many times as large as the digits are.

Shapes: N digits of 8 × 8 pixels, P = (S - 7)² places in a field of S × S.
"""

import functools

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import batches, folder, images
from dl_core.types import Batch, Data, Spec, UserError

SOURCE = 'digits'
DIGIT = 8  # pixels a side


def load(c: Config, size: int, train_size: int = 0) -> Data:
  """Makes the Data of shifted digits: x float32 [B, size, size, 1] in [0, 1], y [B].

  The splits are those of the digits: all places of a digit are in one of them.

  Args:
    c: `data_dir` and `batch_size` are used.
    size: height and width of the field, 8 at least.
    train_size: training examples, the first of one fixed order; 0: all P · N.

  Raises:
    UserError: the field is smaller than a digit, or there are fewer examples.
  """
  if size < DIGIT:
    raise UserError(f'--size={size} was given, but a digit is {DIGIT} pixels wide')
  digits = folder.prepared(SOURCE, c.data_dir)
  most = (size - DIGIT + 1) ** 2 * digits.declared['train']
  if train_size > most:
    raise UserError(
      f'--train_size={train_size} was given, but {digits.declared["train"]:,} digits '
      f'at every place of {size} × {size} pixels make {most:,} examples; give fewer'
    )

  @functools.cache
  def everything(split):
    x, y = digits.decoded(split, (DIGIT, DIGIT, 1))
    return placed(x, size), np.repeat(y, (size - DIGIT + 1) ** 2)

  def split_of(name):
    x, y = everything(name)
    order = np.random.default_rng(0).permutation(len(y))
    if name == 'train' and train_size:
      order = order[:train_size]
    return folder.Arrays(x[order], y[order])

  number = functools.partial(jax.ShapeDtypeStruct, (c.batch_size,))
  x = jax.ShapeDtypeStruct((c.batch_size, size, size, 1), np.float32)
  batch = Batch(x, number(np.int32), number(np.float32))
  return batches.resident(
    Spec(batch, f'{digits.source}, shifted', digits.classes),
    split_of,
    prepare=lambda x: x.astype(np.float32) / np.float32(255),
    baseline=images.most_frequent,
    notes=(*digits.notes, f'Each digit lies at every place of {size} × {size} pixels.'),
  )


def placed(x: np.ndarray, size: int) -> np.ndarray:
  """Puts digits [N, 8, 8, 1] at every place of a field: [N · P, size, size, 1]."""
  side = size - DIGIT + 1
  fields = np.zeros((len(x), side, side, size, size, 1), x.dtype)
  for row in range(side):
    for column in range(side):
      window = np.s_[row : row + DIGIT, column : column + DIGIT]
      fields[:, row, column][:, *window] = x
  return fields.reshape(-1, size, size, 1)
