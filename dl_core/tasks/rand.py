"""The foreground-restricted Rand score of segmentations into cells.

Arganda-Carreras et al. 2015 (https://doi.org/10.3389/fnana.2015.00142): of the
pixels in any cell of the truth, p_ij is the share in cell i of one segmentation and
cell j of the other, and s_i and t_j are its sums over j and i;

  V = Σ p_ij² / (½ Σ s_i² + ½ Σ t_j²).

V is 1 for equal segmentations and low where membranes have holes, which merge cells.
The challenge thins membranes first; nothing is thinned here.

Shapes: H x W pixels.
"""

from collections.abc import Iterable

import numpy as np
from scipy import ndimage

THRESHOLDS = np.arange(1, 10) / 10


def score(found: np.ndarray, truth: np.ndarray) -> float:
  """Returns V of two segmentations [H, W] into numbered cells, 0 between them.

  What is 0 in `found` counts as one cell there.
  """
  counted = truth > 0
  if not counted.any():
    return float('nan')
  pairs = np.stack([found[counted], truth[counted]])
  together = np.unique(pairs, axis=1, return_counts=True)[1]
  own = [np.unique(each, return_counts=True)[1] for each in pairs]
  squares = lambda counts: float(np.sum(counts.astype(np.float64) ** 2))
  return squares(together) / (squares(own[0]) / 2 + squares(own[1]) / 2)


def cells(inside: np.ndarray) -> np.ndarray:
  """Numbers the groups of true pixels [H, W] that touch in a row or column."""
  return ndimage.label(inside)[0]


def best(chances: Iterable[np.ndarray], truths: Iterable[np.ndarray]) -> float:
  """Returns the highest V over thresholds, each the mean over images.

  Args:
    chances: of each image the probabilities [H, W] of being in a cell.
    truths: of each image whether pixels [H, W] are in a cell.
  """
  numbered = [(each, cells(truth)) for each, truth in zip(chances, truths, strict=True)]
  scores = [
    [score(cells(each > threshold), truth) for each, truth in numbered]
    for threshold in THRESHOLDS
  ]
  return float(np.max(np.nanmean(scores, axis=1)))
