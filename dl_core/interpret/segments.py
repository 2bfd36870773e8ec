"""Draws what a segmentation network says of its images, class by class.

Shapes: N images, H x W pixels, C channels, K classes.
"""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from dl_core import interpret, metrics
from dl_core.report import draw
from dl_core.tasks import measures
from dl_core.types import Answer, Picture, Task

SHOWN = 6
VOID = (0.5, 0.5, 0.5, 1.0)


def report(task: Task) -> interpret.Report:
  """Shows test images with their true and predicted maps, and the IoU of each class.

  Args:
    task: its outputs are logits [N, H, W, K] of images [N, H, W, C].
  """
  outputs: Any = task.outputs

  @jax.jit
  def judged(variables, batch):
    logits = outputs(variables, batch.x)
    own = {'iou': measures.overlap(logits, batch.y, batch.weight)}
    return logits.argmax(axis=-1), own

  def pictures(variables, observed, data, key):
    del observed, key
    sums, first = None, None
    for batch in data.splits['test']():
      said, own = judged(variables, batch)
      sums = own if sums is None else metrics.add(sums, own)
      first = first or (batch, np.asarray(said))
    assert sums is not None
    assert first is not None
    batch, said = first
    names = data.spec.classes
    both, either = map(np.asarray, sums['iou'])
    return [
      Picture(
        title='Masks',
        caption='Test images, their true classes (void pixels in grey, which do not '
        'count) and the predicted ones.',
        draw=lambda: draw_masks(batch, said, names),
      ),
      Picture(
        title='Intersection over union',
        caption='Of each class, over all test pixels that count.',
        draw=lambda: draw_classes(both / np.maximum(either, 1), names),
      ),
    ]

  return pictures


def answer(x: np.ndarray, logits: np.ndarray, classes: tuple[str, ...]) -> Answer:
  """Answers one image [H, W, C] with the share of each class, and its mask.

  Args:
    x: the image, values from 0 to 1.
    logits: [H, W, K].
    classes: K names.
  """
  said = np.argmax(logits, axis=-1)
  shares = np.bincount(said.ravel(), minlength=len(classes)) / said.size
  order = [k for k in np.argsort(-shares) if shares[k] > 0]
  words = ', '.join(f'{classes[k]} {shares[k]:.1%}' for k in order)

  def show():
    figure, panels = draw.panels(5.2, 2.4, 2, titles=('image', 'classes'))
    draw.image(panels[0], np.asarray(x))
    mask(panels[1], said, len(classes))
    draw.legend(panels[1], {classes[k]: colours(len(classes))[k] for k in order})
    return figure

  return Answer(words, show)


def colours(count: int) -> Sequence[Any]:
  """Returns colours RGBA of classes; the first, background, is nearly white."""
  from matplotlib import colormaps

  table = colormaps['tab20' if count > 10 else 'tab10']
  return [(0.95, 0.95, 0.95, 1.0), *(table(k % table.N) for k in range(count - 1))]


def mask(
  axes: Any, classes: np.ndarray, count: int, weight: np.ndarray | None = None
) -> None:
  """Draws a label map [H, W] of `count` classes; pixels of weight 0 are grey."""
  pixels = np.array(colours(count))[classes]
  if weight is not None:
    pixels[weight == 0] = VOID
  axes.imshow(pixels, interpolation='none')
  draw.bare(axes)


def draw_masks(batch: Any, said: np.ndarray, names: Sequence[str]) -> Any:
  """Draws images, true and predicted maps in three rows."""
  real = np.flatnonzero(np.asarray(batch.weight).any(axis=(1, 2)))[:SHOWN]
  figure, panels = draw.panels(1.15 * len(real), 4.1, 3 * len(real), len(real))
  rows = np.array(panels, object).reshape(3, len(real))
  for column, place in zip(rows.T, real, strict=True):
    draw.image(column[0], np.asarray(batch.x[place]))
    truth, weight = np.asarray(batch.y[place]), np.asarray(batch.weight[place])
    mask(column[1], truth, len(names), weight)
    mask(column[2], said[place], len(names))
  for axes, word in zip(rows[:, 0], ('image', 'true', 'predicted'), strict=True):
    axes.set_ylabel(word)
  for name, colour in zip(names, colours(len(names)), strict=True):
    panels[0].plot([], [], 's', color=colour, markeredgecolor=draw.GREY, label=name)
  look = {'ncols': -(-len(names) // 2), 'fontsize': 8, 'frameon': False}
  figure.legend(loc='outside lower center', **look)
  return figure


def draw_classes(values: np.ndarray, names: Sequence[str]) -> Any:
  """Draws the IoU [K] of each class as a bar."""
  figure, axes = draw.panel(5, 0.25 * len(names) + 0.4, xlim=(0, 1))
  bars = axes.barh(range(len(names)), values, color=draw.BLUE, height=0.7)
  axes.bar_label(bars, [f'{value:.1%}' for value in values], padding=3, fontsize=8)
  axes.set_yticks(range(len(names)), names, parse_math=False)
  axes.invert_yaxis()
  axes.set_xlabel('intersection over union')
  return figure
