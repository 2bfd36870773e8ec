"""Label maps of digits: where there is ink, the class of the digit.

Pixels with at least half of the ink belong to the digit, those with less than a quarter
to the background. The pixels between, its blurred edge, are void.

Shapes: N images, H x W pixels.
"""

import numpy as np

from dl_core.data import folder
from dl_core.data.label_maps import VOID, Arrays, Labelled

INK, PAPER = 128, 64  # of 255: at least and below


def found(images: folder.Images) -> Labelled:
  """Returns a set of labelled grey images with maps of their ink.

  Its classes are 0, background, and the labels of the images.
  """

  def decoded(split, frame):
    x, y = images.decoded(split, frame)
    return Arrays(x, mapped(x, y))

  def read(split, numbers, frame):
    x, y = folder.stacked(images.pairs(split, numbers), len(numbers), frame)
    return Arrays(x, mapped(x, y))

  return Labelled(
    source=f'{images.source}, ink',
    classes=('background', *images.classes),
    declared=images.declared,
    count=images.count,
    decoded=decoded,
    read=read,
    digests=images.digests,
    shape=images.shape,
    channels=1,
    notes=images.notes,
  )


def mapped(x: np.ndarray, y: np.ndarray) -> np.ndarray:
  """Returns label maps uint8 [N, H, W] of digits.

  Args:
    x: uint8 [N, H, W, 1].
    y: integers [N], which digits they are.
  """
  pixels = x[..., 0]
  maps = np.where(pixels >= INK, y[:, None, None] + 1, 0)
  return np.where((pixels < INK) & (pixels >= PAPER), VOID, maps).astype(np.uint8)
