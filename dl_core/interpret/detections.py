"""Draws what a detector finds: boxes beside the truth, precision and recall, proposals.

Shapes: H x W pixels, K classes, D detections of an image, R regions.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from dl_core import interpret, metrics
from dl_core.interpret import drawn_boxes
from dl_core.interpret.drawn_boxes import SURE
from dl_core.interpret.explained import lit
from dl_core.report import draw
from dl_core.tasks import average_precision, detection, margins
from dl_core.tasks.average_precision import Image
from dl_core.tasks.proposals import Regions
from dl_core.types import Answer, Picture, Task, Variables

for _name in ('map', 'map75', 'map_coco'):
  metrics.declare(f'{_name}_svm', fraction=True)

SHOWN = 8  # test images
KEPT = 20  # detections of an image that are observed
STEPS = 4  # evaluations whose detections are drawn


def scores(task: Task) -> Callable[..., dict[str, float]]:
  """Makes the `scores` of an experiment: average precisions on the test split."""
  outputs: Any = task.outputs

  def measured(variables, data, key):
    del key
    images = average_precision.collected(outputs, variables, data.splits['test']())
    return average_precision.summary(images, len(data.spec.classes))

  return measured


def machine_scores(system: detection.System, most: int) -> Callable[..., Any]:
  """Makes the scores of R-CNN's support vector machines, `map_svm` and so on.

  Args:
    system: the detector.
    most: number of training images that the machines are fitted on.
  """

  def measured(variables, data, key):
    del key
    classes = len(data.spec.classes)
    machines = margins.fitted(
      system, variables, data.splits['train'](), classes + 1, most
    )
    images = average_precision.collected(
      margins.outputs(system, machines), variables, data.splits['test']()
    )
    found = average_precision.summary(images, classes)
    return {f'{name}_svm': value for name, value in found.items()}

  return measured


def observe(task: Task) -> Callable[..., dict[str, Any]]:
  """Makes the `observe` of an experiment: detections in the first test images."""
  outputs: Any = task.outputs

  def seen(variables, data, key):
    del key
    x = _first(data)
    boxes, labels, scores = jax.device_get(outputs(variables, x))
    return {
      'boxes': boxes[:, :KEPT],
      'labels': labels[:, :KEPT],
      'scores': scores[:, :KEPT],
    }

  return seen


def report(
  task: Task, regions: Callable[[Variables, Any], Regions] | None = None
) -> interpret.Report:
  """Shows the detections in test images and how good they are.

  Args:
    task: its outputs are `judging.Detections`.
    regions: (variables, x) -> the regions that are classified, to be drawn, too.
  """
  outputs: Any = task.outputs

  def pictures(variables, observed, data, key):
    del key
    images = average_precision.collected(outputs, variables, data.splits['test']())
    batch = next(iter(data.splits['test']()))
    pixels, names = batch.x['image'], data.spec.classes
    first = pixels[: min(SHOWN, len(images))]
    found = [
      Picture(
        'Detections',
        f'The first test images: true boxes in white, detections of {SURE:.0%} and '
        'more in colour, with class and probability.',
        lambda: drawn_boxes.images(first, images, names),
      ),
      Picture(
        'Precision and recall',
        'For each class, over all detections, the most probable first. A detection is '
        'right where it overlaps an object of its class by half. Beside it the average '
        'precision, the area under the envelope of the curve, also for an overlap of '
        'three quarters.',
        lambda: drawn_boxes.curves(images, names),
      ),
    ]
    missed = worst(images)
    if missed:
      found.append(
        Picture(
          'Misses',
          'The test images with the most errors: objects that no detection of their '
          f'class overlaps by half, and wrong detections of {SURE:.0%} and more.',
          lambda: drawn_boxes.images(
            _images(data, missed), [images[number] for number in missed], names
          ),
        )
      )
    steps = sorted(observed)
    if len(steps) > 1:
      chosen = [steps[n] for n in np.linspace(0, len(steps) - 1, STEPS).astype(int)]
      found.append(
        Picture(
          'Learning to detect',
          'Detections in the same test images at several steps of the training.',
          lambda: drawn_boxes.steps(
            first, images, names, observed, [*dict.fromkeys(chosen)]
          ),
        )
      )
    if regions is not None:
      said = jax.device_get(
        regions(variables, jax.tree.map(lambda leaf: leaf[:SHOWN], batch.x))
      )
      found.append(
        Picture(
          'Proposals',
          'The regions of one image that the detector classifies, by rank; true boxes '
          'in white.',
          lambda: drawn_boxes.proposals(first[0], images[0], said),
        )
      )
    return found

  return pictures


def answer(x: Any, output: Any, classes: Sequence[str]) -> Answer:
  """Answers one image with its detections, in words and as a drawing.

  Args:
    x: 'image' [H, W, C], 'extent' [2] and perhaps 'scale', see `data.detection`: the
      words are about pixels of the original image.
    output: `judging.Detections`.
    classes: names.
  """
  boxes, labels, scores = map(np.asarray, output)
  height, width = (round(float(side)) for side in x['extent'])
  sure = np.flatnonzero(scores >= SURE)
  places = np.rint(boxes / x.get('scale', 1)).astype(int)
  words = '; '.join(
    f'{classes[labels[n]]} {scores[n]:.1%} at {", ".join(map(str, places[n]))}'
    for n in sure
  )
  none = f'nothing of {SURE:.0%} or more'
  if not len(sure) and (scores > 0).any():
    none += f'; the surest is {classes[labels[0]]} {scores[0]:.1%}'

  def show():
    tall = 4 * max(0.3, min(2.0, height / width))
    figure, axes = draw.panel(4, tall)
    draw.image(axes, lit(np.asarray(x['image'])[None])[0][:height, :width])
    for n in sure:
      words = f'{classes[labels[n]]} {scores[n]:.0%}'
      drawn_boxes.marked(axes, boxes[n], words, labels[n])
    return figure

  return Answer(words or none, show)


def worst(images: Sequence[Image]) -> list[int]:
  """Returns the numbers of the images with most misses and wrong detections."""
  wrong = []
  for image in images:
    sure = image.scores >= SURE
    shared = average_precision.overlap(image.boxes[sure], image.objects)
    same = image.labels[sure][:, None] == image.classes[None]
    right = (shared >= 0.5) & same
    missed = ~right.any(axis=0) & ~image.difficult
    wrong.append(missed.sum() + (~right.any(axis=1)).sum())
  order = np.argsort(-np.array(wrong), kind='stable')[:SHOWN]
  return [int(n) for n in order if wrong[n] > 0]


def _first(data: Any) -> Any:
  batch = next(iter(data.splits['test']()))
  return jax.tree.map(lambda leaf: leaf[:SHOWN], batch.x)


def _images(data: Any, numbers: Sequence[int]) -> np.ndarray:
  """Returns test images [n, H, W, C] by their numbers."""
  found: dict[int, np.ndarray] = {}
  before = 0
  for batch in data.splits['test']():
    real = int(np.sum(batch.weight['image']))
    found |= {
      n: batch.x['image'][n - before] for n in numbers if 0 <= n - before < real
    }
    before += real
  return np.stack([found[number] for number in numbers])
