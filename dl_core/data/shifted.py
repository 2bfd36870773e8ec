"""The digits of scikit-learn, each at every place of a larger field.

The class of a digit does not depend on its position, but its black pixels do: a
weighted sum of pixels can no longer separate the digits, while one example for every
place of every digit makes a set many times as large as the digits are.

Shapes: N digits of 8 × 8 pixels, P = (S - 7)² places in a field of S × S.
"""

import functools

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import batches, folder, images, pillow
from dl_core.types import Batch, Data, Spec, UserError

SOURCE = 'digits'
DIGIT = 8  # pixels a side


def load(c: Config, size: int, train_size: int = 0) -> Data:
  """Makes the Data of shifted digits: x float32 [B, size, size, 1] in [0, 1], y [B].

  The splits are those of the digits: all places of a digit are in one of them.

  Args:
    c: `data_dir`, `batch_size` and `resident_bytes` are used.
    size: height and width of the field, 8 at least.
    train_size: training examples, the first of one fixed order; 0: all P · N.

  Raises:
    UserError: the field is smaller than a digit, or there are fewer examples, or they
      have more than `resident_bytes`.
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

  count = train_size or most
  if count * size**2 > c.resident_bytes:
    raise UserError(
      f'--size={size} was given, at which {count:,} training examples have '
      f'{count * size**2:,} bytes, more than --resident_bytes={c.resident_bytes}; give '
      'a smaller --size, or a smaller --train_size'
    )

  def split_of(name):
    x, y = digits.decoded(name, pillow.Frame((DIGIT, DIGIT, 1)))
    places = (size - DIGIT + 1) ** 2
    order = np.random.default_rng(0).permutation(len(y) * places)
    if name == 'train' and train_size:
      order = order[:train_size]
    return folder.Arrays(placed(x, size, order), y[order // places])

  number = functools.partial(jax.ShapeDtypeStruct, (c.batch_size,))
  x = jax.ShapeDtypeStruct((c.batch_size, size, size, 1), np.float32)
  batch = Batch(x, number(np.int32), number(np.float32))
  return batches.resident(
    Spec(batch, f'{digits.source}, shifted', digits.classes),
    split_of,
    prepare=lambda x: x.astype(np.float32) / np.float32(255),
    baseline=images.most_frequent,
    notes=(
      *digits.notes,
      f'Each digit is at every position in {size} × {size} pixels.',
    ),
  )


def placed(x: np.ndarray, size: int, numbers: np.ndarray) -> np.ndarray:
  """Puts digits [N, 8, 8, 1] at places of a field: [M, size, size, 1].

  Args:
    x: the digits.
    size: height and width of the field.
    numbers: [M] of the examples, in [0, N · P): p of digit n is example n · P + p.
  """
  side = size - DIGIT + 1
  digit, place = np.divmod(numbers, side**2)
  row, column = (each[:, None] + np.arange(DIGIT) for each in np.divmod(place, side))
  fields = np.zeros((len(numbers), size, size, 1), x.dtype)
  every = np.arange(len(numbers))[:, None, None]
  fields[every, row[:, :, None], column[:, None, :]] = x[digit]
  return fields
