"""How well single objects of label maps are segmented, by their size.

Shapes: N images, H x W pixels, M objects.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from scipy import ndimage

from dl_core.tasks import measures
from dl_core.tasks.segmentation import REACH
from dl_core.types import Experiment, Variables

LEAST = 8  # pixels of height; smaller groups are fragments
AROUND = 3  # pixels around an object in which its class may be predicted wrongly
TOUCHING = np.ones((3, 3))  # diagonal neighbours belong to one object, too


class Seen(NamedTuple):
  """Test images, their label maps and what a network predicts.

  Attributes:
    x: [N, H, W, C].
    y, said: integers [N, H, W].
    weight: [N, H, W].
  """

  x: np.ndarray
  y: np.ndarray
  weight: np.ndarray
  said: np.ndarray


def seen(experiment: Experiment, variables: Variables) -> Seen:
  """Predicts the label maps of all test images."""
  outputs: Any = experiment.task.outputs
  found: list[list[np.ndarray]] = [[], [], [], []]
  for batch in experiment.data.splits['test']():
    real = np.asarray(batch.weight).any(axis=(1, 2))
    said = np.asarray(outputs(variables, batch.x)).argmax(axis=-1)
    for kept, array in zip(found, (*batch, said), strict=True):
      kept.append(np.asarray(array)[real])
  return Seen(*map(np.concatenate, found))


def where(seen: Seen) -> float:
  """Returns the boundary IoU of two classes, any object and none: where, not what.

  It counts the pixels within `REACH` of another class, as `boundary_iou` does.
  """
  near = np.asarray(measures.near_edges(jnp.asarray(seen.y), REACH))
  near = near & (seen.weight > 0)
  said, true = seen.said[near] > 0, seen.y[near] > 0
  each = [
    float(np.sum(a & b)) / max(int(np.sum(a | b)), 1)
    for a, b in ((said, true), (~said, ~true))
  ]
  return float(np.mean(each))


def overlaps(seen: Seen) -> tuple[np.ndarray, np.ndarray]:
  """Returns the heights [M] of all objects, in pixels, and the IoU [M] of each.

  An object is a connected group of pixels of a class other than 0. Its union is counted
  in its bounding box and `AROUND` pixels beyond it.
  """
  heights, values = [], []
  for y, weight, said in zip(seen.y, seen.weight, seen.said, strict=True):
    for number in np.unique(y[y > 0]):
      groups, _ = ndimage.label((y == number) & (weight > 0), TOUCHING)
      for group, place in enumerate(ndimage.find_objects(groups), start=1):
        height = place[0].stop - place[0].start
        if height < LEAST:
          continue
        window = tuple(slice(max(s.start - AROUND, 0), s.stop + AROUND) for s in place)
        own = groups[window] == group
        marked = (said[window] == number) & (weight[window] > 0)
        heights.append(height)
        values.append(np.sum(own & marked) / np.sum(own | marked))
  return np.array(heights, int), np.array(values, float)


def by_size(seen: Seen, limits: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
  """Returns the mean IoU of objects, and their number, between limits of height.

  Where there are none, the mean is 0.
  """
  heights, values = overlaps(seen)
  bins = np.digitize(heights, limits)
  counts = np.bincount(bins, minlength=len(limits) + 1)
  sums = np.bincount(bins, values, len(limits) + 1)
  return sums / np.maximum(counts, 1), counts
