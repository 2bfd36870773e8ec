"""Draws boxes onto images, and the precision and recall of a detector.

Shapes: n images of H x W pixels, K classes, R regions.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dl_core.interpret.classification import short
from dl_core.interpret.explained import frame, lit
from dl_core.report import draw
from dl_core.tasks import average_precision
from dl_core.tasks.average_precision import Image
from dl_core.tasks.proposals import Regions

SURE = 0.5  # least probability of a detection that is drawn
RANKS = (4, 16, 64)  # proposals that are drawn


def marked(axes: Any, box: np.ndarray, words: str, label: Any) -> None:
  """Draws a box in the colour of its class, with words above it."""
  colour = _colour(label)
  frame(axes, box, colour)
  axes.text(
    box[0], box[1] - 1, words, fontsize=6.5, color='white', va='bottom', ha='left',
    parse_math=False, clip_on=True,
    bbox={'facecolor': colour, 'edgecolor': 'none', 'pad': 0.8},
  )  # fmt: skip


def images(pixels: np.ndarray, images: Sequence[Image], names: Sequence[str]) -> Any:
  """Draws images [n, H, W, C] with their true boxes and their detections."""
  count = len(pixels)
  across = min(4, count)
  down = -(-count // across)
  figure, panels = draw.panels(2.1 * across, 2.1 * down, count, across)
  for axes, picture, image in zip(panels, lit(pixels), images, strict=False):
    draw.image(axes, picture)
    _truth(axes, image)
    for box, label, score in zip(image.boxes, image.labels, image.scores, strict=True):
      if score >= SURE:
        marked(axes, box, f'{short(names[label], 12)} {score:.0%}', label)
  return figure


def curves(images: Sequence[Image], names: Sequence[str]) -> Any:
  """Draws precision over recall of every class, and the average precisions."""
  figure, (left, right) = draw.panels(9, 3.6, 2)
  at = {
    least: average_precision.by_class(images, len(names), least)
    for least in (0.5, 0.75)
  }
  for label, name in enumerate(names):
    found = average_precision.curve(images, label, 0.5)
    if found.objects and len(found.recall):
      left.plot(found.recall, found.precision, label=short(name, 12), lw=1.2,
                color=_colour(label))  # fmt: skip
  left.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel='recall', ylabel='precision')
  if len(names) <= 20:
    draw.legend(left, ncols=2)
  places = np.arange(len(names))
  for n, (least, values) in enumerate(at.items()):
    right.barh(
      places + 0.4 * n, np.nan_to_num(values), 0.38, label=f'overlap {least}',
      color=draw.COLOURS[n],
    )  # fmt: skip
  right.set_yticks(places + 0.2, [short(name, 14) for name in names], parse_math=False)
  right.invert_yaxis()
  right.set(xlim=(0, 1), xlabel='average precision')
  draw.legend(right, loc='lower center', bbox_to_anchor=(0.5, 1), ncols=2)
  return figure


def steps(
  pixels: np.ndarray,
  images: Sequence[Image],
  names: Sequence[str],
  observed: Any,
  steps: Sequence[int],
) -> Any:
  """Draws the detections in four images [n, H, W, C], a row for each step."""
  count = min(4, len(pixels))
  figure, panels = draw.panels(1.7 * count, 1.7 * len(steps), count * len(steps), count)
  for row, step in enumerate(steps):
    found = observed[step]
    for number in range(count):
      axes = panels[row * count + number]
      draw.image(axes, lit(pixels)[number])
      for box, label, score in zip(
        *(found[key][number] for key in ('boxes', 'labels', 'scores')), strict=True
      ):
        if score >= SURE:
          marked(axes, box, short(names[label], 8), label)
    panels[row * count].set_ylabel(f'step {step:,}', fontsize=9)
  return figure


def proposals(pixels: np.ndarray, image: Image, said: Regions) -> Any:
  """Draws the first regions of an image [H, W, C], more of them in each panel."""
  boxes = said.boxes[0][said.real[0]]
  counts = [n for n in RANKS if n < len(boxes)] + [len(boxes)]
  titles = [f'the first {n}' for n in counts[:-1]] + [f'all {counts[-1]}']
  figure, panels = draw.panels(2.3 * len(counts), 2.6, len(counts), titles=titles)
  for axes, count in zip(panels, counts, strict=True):
    draw.image(axes, lit(pixels[None])[0])
    for box in boxes[:count][::-1]:
      frame(axes, box, draw.ORANGE)
    _truth(axes, image)
  return figure


def _truth(axes: Any, image: Image) -> None:
  for box in image.objects:
    frame(axes, box)


def _colour(label: Any) -> str:
  """Returns the colour of a class; ten of them differ."""
  from matplotlib import colormaps, colors

  table = colormaps['tab10']
  return colors.to_hex(table(int(label) % table.N))
