"""Draws the confusion matrix of a classifier and its worst mistakes.

Shapes: N examples of a split, K classes, B examples in a batch, H × W pixels, C
channels, M examples that are shown.
"""

import heapq
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import interpret
from dl_core.report import draw
from dl_core.types import Batch, Picture, Task, Variables

FEW = 20  # classes up to which every cell of the matrix shows its number


def report(task: Task, show: int = 12) -> interpret.Report:
  """Shows how a classifier classifies the test split.

  Args:
    task: its outputs are logits [B, K], its labels integers [B].
    show: the largest number of examples, if inputs are images [B, H, W, C]; otherwise
      no examples are shown.
  """

  def pictures(variables, observed, data, key):
    del observed, key
    answers = ask(task, variables, data.splits['test'](), show)
    table = confusion(answers)
    names = data.spec.classes or tuple(map(str, range(len(table))))
    found = [matrix(table, names)]
    if len(names) > FEW and pairs(table):
      found.append(confused(table, names))
    if len(answers.images):
      found.append(examples(answers, names))
    return found

  return pictures


class Answers(NamedTuple):
  """The predictions of a model on a split.

  Attributes:
    truth: [N] labels.
    said: [N] predicted classes, those of the highest probability.
    confidence: [N] probabilities of the predicted classes.
    loss: [N] cross entropy, nats.
    classes: K.
    shown: [M] places in [0, N): the mistakes, the highest loss first; without mistakes,
      the right predictions of the highest loss.
    images: [M, H, W, C] the inputs at these places; [0] if inputs are not images.
  """

  truth: np.ndarray
  said: np.ndarray
  confidence: np.ndarray
  loss: np.ndarray
  classes: int
  shown: np.ndarray
  images: np.ndarray


def ask(
  task: Task, variables: Variables, batches: Iterable[Batch], show: int = 12
) -> Answers:
  """Runs a model over batches; examples of weight 0 do not count."""

  outputs: Any = task.outputs

  @jax.jit
  def log_probabilities(variables, x):
    return jax.nn.log_softmax(outputs(variables, x).astype(jnp.float32))

  columns, classes, count = [], 0, 0
  kept: list[Any] = []  # (right, -loss, place, image), worst first
  for batch in batches:
    real = np.asarray(batch.weight) > 0
    scores = np.asarray(log_probabilities(variables, batch.x))[real]
    truth, said = np.asarray(batch.y)[real], scores.argmax(-1)
    rows, classes = np.arange(len(scores)), scores.shape[-1]
    loss = -scores[rows, truth]
    columns.append((truth, said, np.exp(scores[rows, said]), loss))
    if getattr(batch.x, 'ndim', 0) == 4:
      images = np.asarray(batch.x)[real]
      entries = zip(said == truth, -loss, count + rows, images, strict=True)
      kept = heapq.nsmallest(show, [*kept, *entries], key=lambda entry: entry[:3])
    count += len(rows)
  if any(not right for right, *_ in kept):
    kept = [entry for entry in kept if not entry[0]]
  truth, said, confidence, loss = map(np.concatenate, zip(*columns, strict=True))
  places = np.array([place for _, _, place, _ in kept], int)
  images = np.array([image for *_, image in kept], np.float32)
  return Answers(truth, said, confidence, loss, classes, places, images)


def confusion(answers: Answers) -> np.ndarray:
  """Returns counts [K, K]: rows are true classes, columns are predicted classes."""
  table = np.zeros((answers.classes,) * 2, int)
  np.add.at(table, (answers.truth, answers.said), 1)
  return table


def pairs(table: np.ndarray) -> list[tuple[int, int, int]]:
  """Returns (count, true class, predicted class) of all confusions, by count."""
  places = zip(*np.nonzero(table - np.diag(np.diag(table))), strict=True)
  found = [(int(table[i, j]), int(i), int(j)) for i, j in places]
  return sorted(found, key=lambda pair: (-pair[0], pair[1:]))


def matrix(table: np.ndarray, names: Sequence[str]) -> Picture:
  """Makes the picture of a confusion matrix [K, K]."""
  right, total = int(np.trace(table)), int(table.sum())
  worst = ', '.join(
    f'{names[i]} read as {names[j]} ({count})' for count, i, j in pairs(table)[:3]
  )
  return Picture(
    title='Confusion matrix',
    caption=f'{right:,} of {total:,} test examples are read right. '
    + (f'Most often confused: {worst}.' if worst else 'None is confused.'),
    draw=lambda: draw_matrix(table, names),
  )


def draw_matrix(table: np.ndarray, names: Sequence[str]) -> Any:
  """Draws counts [K, K]; right answers blue, wrong ones orange, recall at the side."""
  from matplotlib import colors

  k = len(table)
  side = float(np.clip(max(min(0.6 * k, 3.7), 0.11 * k), 2, 11))  # inches
  cell = 72 * side / k  # points
  every = int(np.ceil(7.9 / cell))  # a label needs so many points
  size = min(10, 0.85 * cell * every)
  total = table.sum(axis=1)
  share = table / np.maximum(total, 1)[:, None]
  same = np.eye(k, dtype=bool)[..., None]
  colour = np.where(same, colors.to_rgb(draw.BLUE), colors.to_rgb(draw.ORANGE))
  strength = np.sqrt(share)  # so that rare mistakes can be seen too

  figure, axes = draw.sheet(np.concatenate([colour, strength[..., None]], -1), side)
  places = range(0, k, every)
  labels = [short(names[i], 18 if k <= FEW else 14) for i in places]
  plain: Any = {'parse_math': False, 'fontsize': size}
  turn = 90 if max(map(len, labels)) * 0.6 * size > cell * every else 0
  axes.set_xticks(places, labels, rotation=turn, **plain)
  axes.set_yticks(places, labels, **plain)
  axes.set(xlabel='predicted class', ylabel='true class')
  recall = axes.secondary_yaxis('right')
  percent = '.1%' if k <= FEW else '.0%'
  found = [f'{share[i, i]:{percent}}' if total[i] else '–' for i in places]
  recall.set_yticks(places, found, fontsize=size)
  axes.text(1, 1.01, 'recall', transform=axes.transAxes, fontsize=size)
  if k <= FEW:
    fits = min(10, 1.3 * cell / max(2, len(str(table.max()))))
    for i, j in zip(*np.nonzero(table), strict=True):
      ink: Any = {'color': 'white'} if strength[i, j] > 0.8 else {}
      axes.text(j, i, table[i, j], ha='center', va='center', fontsize=fits, **ink)
    for edge in np.arange(k + 1) - 0.5:
      draw.guide(axes, x=edge, y=edge, ls='-', lw=0.5, alpha=0.25, zorder=2)
  for each in (axes, recall):
    each.tick_params(which='both', length=0)
    each.spines[:].set_visible(False)
  return figure


def confused(table: np.ndarray, names: Sequence[str], most: int = 15) -> Picture:
  """Makes the picture of the pairs that are confused most often."""
  worst = pairs(table)[:most]
  counts = [count for count, _, _ in worst]
  labels = [f'{short(names[i])} → {short(names[j])}' for _, i, j in worst]

  def show():
    figure, axes = draw.panel(5, 0.25 * len(counts) + 0.1, xticks=[])
    bars = axes.barh(range(len(counts)), counts, color=draw.ORANGE, height=0.7)
    axes.bar_label(bars, padding=3)
    axes.set_yticks(range(len(counts)), labels, parse_math=False)
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure

  return Picture(
    title='Most often confused',
    caption='True class → predicted class, and how often on the test split.',
    draw=show,
  )


def examples(answers: Answers, names: Sequence[str]) -> Picture:
  """Makes the picture of the images in `answers.shown`."""
  wrong, total = int((answers.said != answers.truth).sum()), len(answers.truth)
  some = 'The one mistake' if wrong == 1 else f'All {wrong} mistakes'
  if wrong > len(answers.shown):
    some = f'The worst {len(answers.shown)} of {wrong:,} mistakes'
  title = 'Worst mistakes' if wrong else 'Closest calls'
  caption = (
    f'{some} in {total:,} test images, the least probable true class first: the'
    ' predicted class, its probability, and the true class.'
    if wrong
    else f'All {total:,} test images are read right: there is no mistake to show.'
    ' These are the ones with the lowest probability.'
  )
  return Picture(title, caption, lambda: draw_examples(answers, names))


def draw_examples(answers: Answers, names: Sequence[str]) -> Any:
  """Draws images [M, H, W, C] on one scale, their classes below."""
  images, across = answers.images, min(4, len(answers.images))
  low, high = images.min(), images.max()
  images = (images - low) / (high - low or 1)
  if images.shape[-1] != 3:
    images = images.mean(axis=-1)  # grey, for any number of channels
  down = -(-len(images) // across)
  between = ', ' if max(map(len, names)) <= 8 else '\n'  # what fits below an image
  room = 0.42 if between == ', ' else 0.6  # inches
  size = 1.15 * across, (1.1 + room) * down
  figure, panels = draw.panels(*size, len(images), across)
  for axes, image, place in zip(panels, images, answers.shown, strict=True):
    draw.image(axes, image)
    said, truth = answers.said[place], answers.truth[place]
    words = f'{short(names[said], 14)}{between}{answers.confidence[place]:.0%}'
    if said != truth:
      words += f'\nis {short(names[truth], 12)}'
    below: Any = {'ha': 'center', 'va': 'top', 'transform': axes.transAxes}
    axes.text(0.5, -0.04, words, fontsize=9.5, parse_math=False, **below)
  return figure


def short(name: str, most: int = 18) -> str:
  """Cuts a name that is longer than `most` characters."""
  return name if len(name) <= most else name[: most - 1].rstrip() + '…'
