"""Shows what a model says of images, its mistakes, and where it looked.

Shapes: N images, H x W pixels, T tokens, P places of a square map.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core import interpret, metrics
from dl_core.report import draw
from dl_core.tasks import translation
from dl_core.types import Answer, Batch, Data, Picture, Task, Variables

SHOWN = 12  # captions of each picture
FOLLOWED = 3  # captions whose attention is drawn
GLOW = (0.95, 0.55, 0.1)  # colour of attended places

Count = Callable[[str], int]  # (caption) -> how many things it names


class Told(NamedTuple):
  """What a model says of a split.

  Attributes:
    images: [N, H, W, C].
    truth, said: N captions each, in words.
    right: booleans [N].
    weights: [N, T, P]; None without attention.
  """

  images: np.ndarray
  truth: Sequence[str]
  said: Sequence[str]
  right: np.ndarray
  weights: np.ndarray | None


def tell(
  task: Task, variables: Variables, batches: Iterable[Batch], write: Callable[..., str]
) -> Told:
  """Returns a model's captions of batches; examples of weight 0 do not count."""
  assert task.outputs
  outputs, columns = task.outputs, []
  for batch in batches:
    real = np.asarray(batch.weight).any(axis=1)
    found = jax.device_get(outputs(variables, batch.x))
    right = translation.exact(found.tokens, batch.y, batch.weight)
    rows = batch.x['image'], batch.y, found.tokens, right
    rows += () if found.weights is None else (found.weights,)
    columns.append([np.asarray(each)[real] for each in rows])
  images, y, tokens, right, *weights = map(np.concatenate, zip(*columns, strict=True))
  truth, said = ([write(row) for row in rows] for rows in (y, tokens))
  return Told(images, truth, said, right, weights[0] if weights else None)


def scores(task: Task, count: Count, most: int) -> Callable[..., dict[str, float]]:
  """Makes the `scores` of an experiment: how many captions are exactly the true ones.

  Args:
    task: see `tasks.conditioned`.
    count: of the things that a caption names.
    most: the largest count.

  Returns:
    (variables, data, key) -> {'exact': share of the test split, 'exact_1': share of
    those that name one thing, and so on}.
  """
  names = [f'exact_{number}' for number in range(1, most + 1)]
  for name in names:
    metrics.declare(name, fraction=True)

  def shares(variables, data, key):
    del key
    told = tell(task, variables, data.splits['test'](), data.write)
    counts = np.array([count(text) for text in told.truth])
    found = {
      name: float(told.right[counts == number].mean())
      for number, name in enumerate(names, 1)
    }
    return {'exact': float(told.right.mean())} | found

  return shares


def report(task: Task) -> interpret.Report:
  """Shows captions of test images: right ones, wrong ones, and the attention.

  Args:
    task: see `tasks.conditioned`.
  """

  def pictures(variables, observed, data, key):
    del observed, key
    told = tell(task, variables, data.splits['test'](), data.write)
    wrong, right = np.flatnonzero(~told.right), np.flatnonzero(told.right)
    found = []
    if len(wrong):
      found.append(
        Picture(
          'Wrong captions',
          f'{len(wrong):,} of {len(told.right):,} test captions are wrong; here are '
          f'{min(SHOWN, len(wrong))}: what the model says, and below it the true '
          'caption, with what differs in capitals.',
          lambda: draw_captions(told, wrong[:SHOWN]),
        )
      )
    if len(right):
      found.append(
        Picture(
          'Right captions',
          f'{len(right):,} of {len(told.right):,} test captions are word for word the '
          'true ones.',
          lambda: draw_captions(told, right[:SHOWN]),
        )
      )
    if told.weights is not None:
      longest = np.argsort([-len(text.split()) for text in told.said], kind='stable')
      found.append(
        Picture(
          'Where it looks',
          'Attention before each word, laid on the image: the stronger the colour, the '
          'larger the weight of the place.',
          lambda: draw_attention(told, longest[:FOLLOWED]),
        )
      )
    return found

  return pictures


def answer(data: Data) -> Callable[..., Answer]:
  """Makes the `answer` of a task: the caption of one image, and where it looked."""
  write = data.write
  assert write, 'the data has no words'

  def one(x, written, classes):
    del classes
    said = write(written.tokens)
    image = np.asarray(x['image'])
    weights = written.weights
    told = Told(
      image[None],
      [said],
      [said],
      np.ones(1, bool),
      None if weights is None else weights[None],
    )
    if weights is None:
      return Answer(said)
    return Answer(said, lambda: draw_attention(told, [0]))

  return one


def differing(said: str, truth: str) -> tuple[str, str]:
  """Returns both captions with the words in capitals in which they differ."""
  left, right = said.split(), truth.split()
  left += [''] * (len(right) - len(left))
  right += [''] * (len(left) - len(right))
  marked = lambda own, other: ' '.join(
    a.upper() if a != b else a for a, b in zip(own, other, strict=True) if a
  )
  return marked(left, right), marked(right, left)


def draw_captions(told: Told, places: Any) -> Any:
  """Draws images with what is said of them; where that is wrong, the truth below."""
  across = min(4, len(places))
  down = -(-len(places) // across)
  figure, panels = draw.panels(1.9 * across, 2.1 * down, len(places), across)
  for axes, place in zip(panels, places, strict=True):
    draw.image(axes, told.images[place])
    said, truth = differing(told.said[place], told.truth[place])
    words = draw.broken(said)
    if not told.right[place]:
      words += '\nis\n' + draw.broken(truth)
    axes.set_xlabel(words, fontsize=7.5, parse_math=False)
  return figure


def draw_attention(told: Told, places: Any) -> Any:
  """Draws one row an image: the image, then its attention before each word."""
  assert told.weights is not None
  words = [told.said[place].split() for place in places]
  across = 1 + max(map(len, words))
  figure, panels = draw.panels(
    0.95 * across, 1.15 * len(words), across * len(words), across
  )
  rows = np.array(panels, object).reshape(len(words), across)
  for row, place, said in zip(rows, places, words, strict=True):
    draw.image(row[0], told.images[place])
    for axes, word, weights in zip(row[1:], said, told.weights[place], strict=False):
      draw.image(axes, lit(told.images[place], weights))
      axes.set_title(word, fontsize=8, parse_math=False)
    for axes in row[1 + len(said) :]:
      axes.axis('off')
  return figure


def lit(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
  """Lays attention [P] on an image [H, W, C]: RGB [H, W, 3] of values from 0 to 1."""
  side = math.isqrt(len(weights))
  map_ = np.asarray(weights, float).reshape(side, side) / weights.max()
  scale = image.shape[0] // side
  glow = map_.repeat(scale, 0).repeat(scale, 1)[..., None]
  grey = np.broadcast_to(image.mean(axis=-1, keepdims=True), (*image.shape[:2], 3))
  return np.maximum(grey, 0.75 * glow * np.array(GLOW))
