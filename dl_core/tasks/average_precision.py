"""Average precision: how many objects are detected, how many detections are right.

Three rules share the name, and mixing them up is the commonest confusion of results:

  'area'  the area under the precision envelope: VOC since 2010, our `map` and `map75`
  'voc07' the mean of the envelope at 11 recalls (Everingham et al. 2010,
          https://doi.org/10.1007/s11263-009-0275-4, section 4.2)
  'coco'  the mean at 101 recalls, where a detection may take the second-best object if
          the best one is taken (Lin et al. 2014, https://arxiv.org/abs/1405.0312)

A detection is right where it overlaps a free object of its class by a threshold or
more. All is float64 NumPy, on whole splits.

Shapes: D detections of an image, N objects of it, K classes, M detections of a class.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core import metrics
from dl_core.types import Variables

metrics.declare('map', fraction=True)
metrics.declare('map75', fraction=True)
metrics.declare('map_coco', fraction=True)

COCO = tuple(round(0.5 + 0.05 * n, 2) for n in range(10))  # thresholds


class Image(NamedTuple):
  """The detections in an image and its objects.

  Attributes:
    boxes, labels, scores: [D, 4], [D], [D], in any order.
    objects: [N, 4], their boxes.
    classes: [N], their labels.
    difficult: bool [N]; a detection of such an object is neither right nor wrong.
  """

  boxes: np.ndarray
  labels: np.ndarray
  scores: np.ndarray
  objects: np.ndarray
  classes: np.ndarray
  difficult: np.ndarray


class Curve(NamedTuple):
  """Precision and recall [M] after each detection of a class, the surest first.

  `objects` is their number; without any there is no average precision.
  """

  precision: np.ndarray
  recall: np.ndarray
  objects: int


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
  """Returns intersections over unions of boxes [N, 4] and [M, 4]: float64 [N, M]."""
  a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
  sides = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(
    a[:, None, :2], b[None, :, :2]
  )
  both = np.prod(np.maximum(sides, 0), axis=-1)
  area = lambda boxes: np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=-1)
  either = area(a)[:, None] + area(b)[None] - both
  return np.divide(both, either, out=np.zeros_like(both), where=either > 0)


def curve(
  images: Sequence[Image], label: int, least: float, rule: str = 'area'
) -> Curve:
  """Returns the precision and recall of one class over all images.

  Args:
    images: of a split.
    label: the class.
    least: overlap from which a detection counts.
    rule: of matching; 'coco' differs from the others, see above.
  """
  scores, right = [], []
  count = 0
  for image in images:
    own, there = image.labels == label, image.classes == label
    count += int(np.sum(~image.difficult[there]))
    order = np.argsort(-image.scores[own], kind='stable')
    shared = overlap(image.boxes[own][order], image.objects[there])
    hits = matched(shared, image.difficult[there], least, rule)
    counted = hits >= 0
    scores.append(image.scores[own][order][counted])
    right.append(hits[counted])
  if not scores:
    return Curve(np.zeros(0), np.zeros(0), count)
  order = np.argsort(-np.concatenate(scores), kind='stable')
  hit = np.concatenate(right)[order].cumsum()
  number = np.arange(1, len(hit) + 1)
  return Curve(hit / number, hit / max(count, 1), count)


def matched(
  shared: np.ndarray, difficult: np.ndarray, least: float, rule: str
) -> np.ndarray:
  """Returns for each detection [D] of an image and a class 1, 0 or, if ignored, -1.

  Args:
    shared: overlaps [D, N] with the objects of the class, the surest detection first.
    difficult: bool [N].
    least, rule: see `curve`.
  """
  hits = np.zeros(len(shared), np.int64)
  if not shared.shape[1]:
    return hits
  free = np.ones(shared.shape[1], bool)
  for number, row in enumerate(shared):
    if rule == 'coco':  # an object that counts comes before a difficult one
      row = np.where(free | difficult, row, -1)
      counting = np.where(difficult, -1, row)
      row = counting if counting.max() >= least else row
      best = len(row) - 1 - int(row[::-1].argmax())  # of equals the last
    else:
      best = int(row.argmax())
    if row[best] < least:
      continue
    if difficult[best]:
      hits[number] = -1
    elif free[best]:
      hits[number], free[best] = 1, False
  return hits


def average(found: Curve, rule: str = 'area') -> float:
  """Returns the average precision of a class by a rule; NaN where it has no objects."""
  if not found.objects:
    return float('nan')
  envelope = np.maximum.accumulate(found.precision[::-1])[::-1]
  if rule == 'area':
    return float(np.sum(np.diff(found.recall, prepend=0.0) * envelope))
  count = {'voc07': 11, 'coco': 101}[rule]
  places = np.searchsorted(found.recall, np.linspace(0, 1, count), side='left')
  return float(np.mean(np.append(envelope, 0.0)[places]))


def by_class(
  images: Sequence[Image], classes: int, least: float, rule: str = 'area'
) -> np.ndarray:
  """Returns the average precision [K] of each class; NaN of those without objects."""
  return np.array(
    [average(curve(images, label, least, rule), rule) for label in range(classes)]
  )


def mean(found: np.ndarray) -> float:
  """Returns the mean over the classes that have objects; 0 where none has."""
  there = found[~np.isnan(found)]
  return float(there.mean()) if len(there) else 0.0


def summary(images: Sequence[Image], classes: int) -> dict[str, float]:
  """Returns `map` and `map75` by area, and `map_coco`, over COCO's ten thresholds."""
  at = lambda least, rule: mean(by_class(images, classes, least, rule))
  return {
    'map': at(0.5, 'area'),
    'map75': at(0.75, 'area'),
    'map_coco': float(np.mean([at(least, 'coco') for least in COCO])),
  }


def collected(
  outputs: Callable[[Variables, Any], Any], variables: Variables, batches: Any
) -> list[Image]:
  """Returns the detections and the objects of all images of a split.

  Args:
    outputs: (variables, x) -> `judging.Detections`.
    variables: of the model.
    batches: of the split; see `data.detection`.
  """
  found = []
  for batch in batches:
    said = jax.device_get(outputs(variables, batch.x))
    for number in np.flatnonzero(batch.weight['image']):
      there = said.scores[number] > 0
      labels = np.asarray(batch.y['labels'][number])
      real = labels >= 0
      found.append(
        Image(
          said.boxes[number][there],
          said.labels[number][there],
          said.scores[number][there],
          np.asarray(batch.y['boxes'][number])[real],
          labels[real],
          np.asarray(batch.weight['boxes'][number])[real] == 0,
        )
      )
  return found
