"""Weights of pixels that make a network separate cells which touch each other.

Ronneberger et al. 2015 (https://arxiv.org/abs/1505.04597), equation 2:

  w(x) = w_c(x) + w_0 · exp(-(d_1(x) + d_2(x))² / 2σ²)

with the distances d_1 and d_2 from a pixel between the cells to the nearest and to the
second nearest of them, w_0 = 10 and σ = 5 pixels. The paper leaves w_c open but for its
purpose, to balance the classes: it is 1 / (K · frequency) here, so its mean is 1.

Shapes: N images, H x W pixels, K classes.
"""

import numpy as np
from scipy import ndimage

W0, SIGMA = 10.0, 5.0
REACH = 40  # pixels; w_0 exp(-REACH² / 2σ²) is 1e-13
FAR = np.float64(np.inf)


def separating(labels: np.ndarray) -> np.ndarray:
  """Returns weights float32 [N, H, W] of label maps [N, H, W].

  Class 0 lies between the cells; a cell is a group of pixels of another class, each
  beside the next in a row or column. Void pixels, 255, belong to neither.
  """
  counts = np.bincount(labels.ravel(), minlength=256)[:255]
  there = np.flatnonzero(counts)
  balance = np.zeros(256, np.float32)
  balance[there] = counts.sum() / (len(there) * counts[there])
  return np.stack([balance[each] + gaps(each) for each in labels]).astype(np.float32)


def gaps(labels: np.ndarray) -> np.ndarray:
  """Returns the second term, [H, W]: high between two cells that are close."""
  inside = (labels > 0) & (labels < 255)
  cells, count = ndimage.label(inside)
  first, second = np.full(labels.shape, FAR), np.full(labels.shape, FAR)
  for number, place in enumerate(ndimage.find_objects(cells, count), start=1):
    window = tuple(
      slice(max(each.start - REACH, 0), each.stop + REACH) for each in place
    )
    distance = ndimage.distance_transform_edt(cells[window] != number)
    nearest = first[window]  # a view
    second[window] = np.minimum(second[window], np.maximum(nearest, distance))
    np.minimum(nearest, distance, out=nearest)
  value = W0 * np.exp(-((first + second) ** 2) / (2 * SIGMA**2))
  return np.where(labels == 0, value, 0)
