"""What a classifier takes for what: its confusion matrix and its worst mistakes.

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
from dl_core.types import Batch, Picture, Task, Variables

RIGHT, WRONG = '#2f7fb8', '#cf5e24'  # legible on light and on dark
FEW = 20  # classes up to which every cell of the matrix shows its number


def report(task: Task, show: int = 12) -> interpret.Report:
  """Shows how a classifier reads the test split.

  Args:
    task: its outputs are logits [B, K], its labels integers [B].
    show: how many examples at most, if inputs are images [B, H, W, C]; else none.
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
  """What a model says of a split.

  Attributes:
    truth: [N] labels.
    said: [N] classes of the highest probability.
    confidence: [N] probabilities of what was said.
    loss: [N] cross entropy, nats.
    classes: K.
    shown: [M] places in [0, N): what was read wrong, the highest loss first; or, where
      nothing was, what was read right at the highest loss.
    images: [M, H, W, C] what the model read there; [0] where inputs are no images.
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

  @jax.jit
  def log_probabilities(variables, x):
    return jax.nn.log_softmax(task.outputs(variables, x).astype(jnp.float32))

  columns, kept, classes, count = [], [], 0, 0
  for batch in batches:
    real = np.asarray(batch.weight) > 0
    scores = np.asarray(log_probabilities(variables, batch.x))[real]
    truth, said = np.asarray(batch.y)[real], scores.argmax(-1)
    rows, classes = np.arange(len(scores)), scores.shape[-1]
    loss = -scores[rows, truth]
    columns.append((truth, said, np.exp(scores[rows, said]), loss))
    if getattr(batch.x, 'ndim', 0) == 4:
      entries = zip(said == truth, -loss, count + rows, batch.x[real], strict=True)
      kept = heapq.nsmallest(show, [*kept, *entries], key=lambda entry: entry[:3])
    count += len(rows)
  if any(not right for right, *_ in kept):
    kept = [entry for entry in kept if not entry[0]]
  return Answers(
    *(np.concatenate(column) for column in zip(*columns, strict=True)),
    classes=classes,
    shown=np.array([place for _, _, place, _ in kept], int),
    images=np.array([image for *_, image in kept], np.float32),
  )


def confusion(answers: Answers) -> np.ndarray:
  """Counts [K, K] how often the class of a row was read as the class of a column."""
  table = np.zeros((answers.classes,) * 2, int)
  np.add.at(table, (answers.truth, answers.said), 1)
  return table


def pairs(table: np.ndarray) -> list[tuple[int, int, int]]:
  """Returns (count, true class, class said) of every confusion, the commonest first."""
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
  from matplotlib.figure import Figure

  k = len(table)
  side = float(np.clip(max(min(0.6 * k, 4.4), 0.125 * k), 2, 12.5))  # inches
  cell = 72 * side / k  # points
  every = int(np.ceil(9 / cell))  # a label needs nine points
  size = min(10, 0.8 * cell * every)
  total = table.sum(axis=1)
  share = table / np.maximum(total, 1)[:, None]
  colour = np.where(
    np.eye(k, dtype=bool)[..., None], *map(colors.to_rgb, (RIGHT, WRONG))
  )
  strength = np.sqrt(share)  # so that rare mistakes can be seen too

  figure = Figure(figsize=(side, side))
  axes = figure.add_axes((0, 0, 1, 1))
  image = np.concatenate([colour, strength[..., None]], axis=-1)
  axes.imshow(image, interpolation='none')
  places = np.arange(0, k, every)
  labels = [short(names[i]) for i in places]
  plain = {'parse_math': False, 'fontsize': size}
  turn = 90 if max(map(len, labels)) * 0.6 * size > cell * every else 0
  axes.set_xticks(places, labels, rotation=turn, **plain)
  axes.set_yticks(places, labels, **plain)
  axes.set_xlabel('what the model says')
  axes.set_ylabel('what it is')
  recall = axes.secondary_yaxis('right')
  found = [f'{share[i, i]:.0%}' if total[i] else '–' for i in places]
  recall.set_yticks(places, found, fontsize=size)
  recall.set_ylabel('recall')
  if k <= FEW:
    digits = max(2, len(str(table.max())))
    for i, j in zip(*np.nonzero(table), strict=True):
      ink = {'color': 'white'} if strength[i, j] > 0.6 else {}
      text = {'ha': 'center', 'va': 'center', 'fontsize': min(10, 1.3 * cell / digits)}
      axes.text(j, i, table[i, j], **text, **ink)
  axes.set_xticks(np.arange(k + 1) - 0.5, minor=True)
  axes.set_yticks(np.arange(k + 1) - 0.5, minor=True)
  axes.grid(which='minor', color='#80808040', linewidth=0.5)
  for each in (axes, recall):
    each.tick_params(which='both', length=0)
    each.spines[:].set_visible(False)
  return figure


def confused(table: np.ndarray, names: Sequence[str], most: int = 15) -> Picture:
  """Makes the picture of the pairs that are confused most often."""
  counts, true, said = zip(*pairs(table)[:most], strict=True)
  labels = [f'{short(names[i])} → {short(names[j])}' for i, j in zip(true, said)]  # noqa: B905

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.2, 0.25 * len(counts)))
    axes = figure.add_axes((0, 0, 1, 1))
    bars = axes.barh(range(len(counts)), counts, color=WRONG, height=0.7)
    axes.bar_label(bars, padding=3)
    axes.set_yticks(range(len(counts)), labels, parse_math=False)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure

  return Picture(
    title='Most often confused',
    caption='What it is → what the model says, and how often on the test split.',
    draw=draw,
  )


def examples(answers: Answers, names: Sequence[str]) -> Picture:
  """Makes the picture of the images in `answers.shown`."""
  wrong = int((answers.said != answers.truth).sum())
  if wrong:
    title = 'Worst mistakes'
    caption = (
      f'Of {wrong:,} test images that are read wrong, the {len(answers.shown)} whose'
      ' true class was given the least probability: what the model says, how surely,'
      ' and what it is.'
    )
  else:
    title = 'Closest calls'
    caption = (
      f'All {len(answers.truth):,} test images are read right: there is no mistake to'
      ' show. These are the ones it was least sure of.'
    )
  return Picture(title, caption, lambda: draw_examples(answers, names))


def draw_examples(answers: Answers, names: Sequence[str]) -> Any:
  """Draws images [M, H, W, C] on one scale, their classes below."""
  from matplotlib.figure import Figure

  images, across = answers.images, min(4, len(answers.images))
  low, high = images.min(), images.max()
  images = (images - low) / (high - low or 1)
  if images.shape[-1] != 3:
    images = images.mean(axis=-1)  # grey, of however many channels
  down = -(-len(images) // across)
  figure = Figure(figsize=(1.2 * across, 1.62 * down))
  figure.subplots_adjust(0, 0, 1, 1, wspace=0.08, hspace=0.38)
  for index, axes in enumerate(figure.subplots(down, across, squeeze=False).flat):
    axes.axis('off')
    if index >= len(images):
      continue
    axes.imshow(images[index], cmap='gray', vmin=0, vmax=1, interpolation='none')
    place = answers.shown[index]
    said, truth = answers.said[place], answers.truth[place]
    words = f'{short(names[said], 12)} {answers.confidence[place]:.0%}'
    if said != truth:
      words += f'\nis {short(names[truth], 14)}'
    below = {'ha': 'center', 'va': 'top', 'transform': axes.transAxes}
    axes.text(0.5, -0.04, words, fontsize=9, parse_math=False, **below)
  return figure


def short(name: str, most: int = 18) -> str:
  """Cuts a name that is longer than `most` characters."""
  return name if len(name) <= most else name[: most - 1].rstrip() + '…'
