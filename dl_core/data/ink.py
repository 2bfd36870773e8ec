"""Digits with a class for every pixel: where there is ink, the digit's.

Pixels with at least half of the ink belong to the digit, those with less than a quarter
to the background. The pixels between, its blurred edge, are void: they weigh 0.
"""

import functools

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import augment, batches, folder, pillow, stored
from dl_core.data.declarations import Feature
from dl_core.types import Batch, Data, Spec

SOURCE = 'digits'
INK, PAPER = 128, 64  # of 255: at least and below
BACKGROUND = 'background'


def load(c: Config, size: int, shift: int = 0) -> Data:
  """Makes the Data of digits and their label maps.

  Batches hold x float32 [B, size, size, 1] in [0, 1]; y int32 [B, size, size]: 0 is
  background, k + 1 the digit k; weight float32 [B, size, size].

  Args:
    c: `data_dir` and `batch_size` are used.
    size: height and width.
    shift: in training, images are moved by up to so many pixels, their maps with them.
  """
  digits = folder.prepared(SOURCE, c.data_dir)
  frame = pillow.Frame((size, size, 1))
  classes, shape = (BACKGROUND, *digits.classes), digits.shape or ()

  def load_split(name):
    x, y = digits.decoded(name, frame)
    return x, *mapped(x, y)

  def baseline(train, test):
    del train  # background is the most frequent class of every split
    weight = load_split('test')[2]
    shares = np.bincount(test.ravel(), weight.ravel(), len(classes)) / weight.sum()
    # The union of the background with all pixels is all pixels.
    return {'iou': float(shares[0] / np.sum(shares > 0)), 'accuracy': float(shares[0])}

  def read(path):
    image = pillow.decoded(pillow.read(path))
    return pillow.framed(pillow.coarsened(image, shape), frame)

  shapes = functools.partial(jax.ShapeDtypeStruct, (c.batch_size, size, size))
  x = jax.ShapeDtypeStruct((c.batch_size, size, size, 1), np.float32)
  batch = Batch(x, shapes(np.int32), shapes(np.float32))
  return batches.resident(
    Spec(batch, f'{digits.source}, ink', classes),
    load_split,
    prepare=lambda x: x.astype(np.float32) / np.float32(255),
    augment=augment.on_maps(
      augment.shift(shift, 0.0), augment.shift(shift, 0), augment.shift(shift, 1.0)
    ),
    baseline=baseline,
    read=read,
    notes=digits.notes,
    declaration=stored.packed(
      {
        'image': Feature('Image', shape),
        'label': Feature('ClassLabel', names=digits.classes),
      }
    ),
  )


def mapped(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Returns label maps int32 [n, H, W] and weights float32 [n, H, W] of digits.

  Args:
    x: uint8 [n, H, W, 1].
    y: integers [n], which digits they are.
  """
  ink = x[..., 0] >= INK
  maps = np.where(ink, y[:, None, None] + 1, 0).astype(np.int32)
  return maps, (ink | (x[..., 0] < PAPER)).astype(np.float32)
