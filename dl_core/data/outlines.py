"""Reads the boxes of objects without decoding their images.

Shapes: n objects of several images.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from dl_core.data import annotated, pillow


class Objects(NamedTuple):
  """The objects of several images, except difficult ones.

  Attributes:
    boxes: float64 [n, 4] in pixels of the frame.
    labels: int [n].
    extents: float64 [n, 2], height and width of their images in the frame.
  """

  boxes: np.ndarray
  labels: np.ndarray
  extents: np.ndarray


def read(entries: Iterable[annotated.Entry], shape: tuple[int, ...]) -> Objects:
  """Returns the objects of images scaled into a frame; decodes no image.

  Args:
    entries: the images and their objects.
    shape: height, width and channels of the frame.
  """
  found = []
  for entry in entries:
    sides = np.array(pillow.sides(entry.file) * 2)
    scale = min(shape[0] / sides[1], shape[1] / sides[0])
    counted = ~entry.difficult
    boxes = annotated.in_pixels(entry, sides)[counted] * scale
    extents = np.tile(annotated.extent(sides, scale, shape), (len(boxes), 1))
    found.append(Objects(boxes, entry.labels[counted], extents))
  return Objects(*(np.concatenate(each) for each in zip(*found, strict=True)))
