"""Draws the predictions of a segmentation network, class by class.

Shapes: N images, H x W pixels, C channels, K classes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from dl_core import interpret, metrics
from dl_core.report import draw
from dl_core.tasks import measures
from dl_core.types import Answer, Data, Key, Picture, Task, Variables

metrics.declare('weighted_iou', fraction=True)
SHOWN = 6
ACROSS = 7  # names in one row
OPACITY = 0.6  # of the colours of classes over an image
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
        caption='Test images, their true label maps (void pixels are grey and do not '
        'count) and the predicted ones.',
        draw=lambda: draw_masks(batch, said, names),
      ),
      Picture(
        title='Intersection over union',
        caption='For each class, over all test pixels that count.',
        draw=lambda: draw_classes(both / np.maximum(either, 1), names),
      ),
    ]

  return pictures


def scores(task: Task) -> Callable[[Variables, Data, Key], Mapping[str, float]]:
  """Makes the score that does not add up over batches: the frequency-weighted IoU.

  Long et al. 2015 (https://arxiv.org/abs/1411.4038), section 5: the mean of the IoU of
  each class, weighted by its share of the pixels; on the test split, `weighted_iou`.

  Args:
    task: its outputs are logits [N, H, W, K].
  """
  outputs: Any = task.outputs

  @jax.jit
  def counted(variables, batch):
    weight = (batch.weight > 0).astype(np.float32)
    return measures.agreed(outputs(variables, batch.x), batch.y, weight)

  def found(variables, data, key):
    del key
    parts = [np.asarray(counted(variables, b)) for b in data.splits['test']()]
    sums: Any = np.sum(parts, axis=0, dtype=np.float64)
    both, said, true = sums
    iou = both / np.maximum(said + true - both, 1)
    return {'weighted_iou': float(np.sum(iou * true) / np.sum(true))}

  return found


def answer(x: np.ndarray, logits: np.ndarray, classes: tuple[str, ...]) -> Answer:
  """Answers one image [H, W, C] with the share of each class, mask and overlay.

  Args:
    x: the image, perhaps with what was around it.
    logits: [H, W, K].
    classes: K names.
  """
  said = np.argmax(logits, axis=-1)
  shares = np.bincount(said.ravel(), minlength=len(classes)) / said.size
  order = [k for k in np.argsort(-shares) if shares[k] > 0]
  words = ', '.join(f'{classes[k]} {shares[k]:.1%}' for k in order)

  def show():
    figure, panels = draw.panels(7.6, 2.7, 3, titles=('image', 'classes', 'overlay'))
    image = shown(x, said.shape)
    draw.image(panels[0], image)
    mask(panels[1], said, len(classes))
    draw.image(panels[2], overlaid(image, said, len(classes)))
    named(figure, panels[1], classes, order)
    return figure

  return Answer(words, show, mask=said.astype(np.uint8))


def shown(x: Any, sides: tuple[int, ...]) -> np.ndarray:
  """Returns an image as it is drawn: its middle [*sides, C], its values from 0 to 1."""
  x = np.asarray(x)
  top, left = ((a - b) // 2 for a, b in zip(x.shape, sides, strict=False))
  x = x[top : top + sides[0], left : left + sides[1]]
  return (x - x.min()) / max(float(x.max() - x.min()), 1e-9)


def overlaid(image: np.ndarray, classes: np.ndarray, count: int) -> np.ndarray:
  """Returns an image [H, W, 1 or 3] under the colours of its label map [H, W].

  Pixels of class 0 stay as they are.
  """
  colour = np.array(colours(count))[classes][..., :3]
  share = np.where(classes > 0, OPACITY, 0)[..., None]
  return (1 - share) * np.broadcast_to(image, colour.shape) + share * colour


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
    truth, weight = np.asarray(batch.y[place]), np.asarray(batch.weight[place])
    draw.image(column[0], shown(batch.x[place], truth.shape))
    mask(column[1], truth, len(names), weight)
    mask(column[2], said[place], len(names))
  for axes, word in zip(rows[:, 0], ('image', 'true', 'predicted'), strict=True):
    axes.set_ylabel(word)
  named(figure, panels[0], names, range(len(names)))
  return figure


def named(figure: Any, axes: Any, names: Sequence[str], numbers: Sequence[int]) -> None:
  """Writes the names of classes of these numbers, with their colours, below all."""
  for k in numbers:
    look = {'color': colours(len(names))[k], 'markeredgecolor': draw.GREY}
    axes.plot([], [], 's', label=names[k], **look)
  rows = 1 if len(numbers) <= ACROSS else 2
  figure.legend(
    loc='outside lower center', ncols=-(-len(numbers) // rows), fontsize=8,
    frameon=False,
  )  # fmt: skip


def draw_classes(values: np.ndarray, names: Sequence[str]) -> Any:
  """Draws the IoU [K] of each class as a bar."""
  figure, axes = draw.panel(5, 0.25 * len(names) + 0.4, xlim=(0, 1))
  bars = axes.barh(range(len(names)), values, color=draw.BLUE, height=0.7)
  axes.bar_label(bars, [f'{value:.1%}' for value in values], padding=3, fontsize=8)
  axes.set_yticks(range(len(names)), names, parse_math=False)
  axes.invert_yaxis()
  axes.set_xlabel('intersection over union')
  return figure
