"""Draws jigsaw puzzles, and the order in which a network puts their tiles.

Shapes: N images, S x S pixels, C channels, T tiles of t x t pixels, P permutations.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import interpret
from dl_core.report import draw
from dl_core.types import Answer, Batch, Key, Picture, Task

SHOWN = 8
GAP = 2  # pixels between the tiles of a drawing
FRAME = 0.5  # the grey of what is between them
Shuffle = Callable[[Key, Batch], Batch]


def solving(task: Task, shuffle: Shuffle, orders: np.ndarray) -> Task:
  """Returns a task whose outputs are of whole images: it makes the puzzle itself.

  Its outputs are a dict of the `tiles` [N, T, t, t, C] of a puzzle that is always the
  same for an image, and of the `logits` [N, P] of its permutation.

  Args:
    task: its outputs are the logits [N, P] of puzzles.
    shuffle: see `puzzles.shuffle`.
    orders: the permutations [P, T].
  """
  said: Any = task.outputs

  def outputs(variables, x):
    puzzle = shuffle(jax.random.key(0), Batch(x, None, jnp.ones(len(x))))
    return {'tiles': puzzle.x, 'logits': said(variables, puzzle.x)}

  return task._replace(outputs=outputs, answer=functools.partial(answer, orders))


def report(task: Task, shuffle: Shuffle, orders: np.ndarray) -> interpret.Report:
  """Shows puzzles of test images, how the network orders them, and which it confuses.

  Args:
    task, shuffle, orders: see `solving`; the task is the one before it.
  """
  said: Any = task.outputs

  def pictures(variables, observed, data, key):
    del observed, key
    batch = next(iter(data.splits['test']()))
    puzzle = jax.device_get(jax.jit(shuffle)(jax.random.key(0), batch))
    chosen = np.asarray(said(variables, puzzle.x)).argmax(axis=1)
    right = (chosen == puzzle.y)[batch.weight > 0]
    in_place = (orders[chosen] == orders[puzzle.y])[batch.weight > 0]
    # Solved puzzles and others, as far as there are both.
    order = np.argsort(right, kind='stable')
    shown = np.concatenate([order[: SHOWN // 2], order[::-1][: SHOWN - SHOWN // 2]])
    return [
      Picture(
        title='Puzzles and answers',
        caption='Test images, moved, cut and with their tiles shuffled, as the network '
        f'orders them, and in order. Of {len(right)} answers {np.sum(~right)} are '
        f'wrong (the first {SHOWN // 2} here, framed, as far as there are any), with '
        f'{in_place[~right].mean() if (~right).any() else 1:.0%} of the tiles in place '
        'nevertheless.',
        draw=lambda: draw_puzzles(puzzle, chosen, orders, shown),
      )
    ]

  return pictures


def answer(
  orders: np.ndarray, x: np.ndarray, said: dict[str, np.ndarray], classes: Any
) -> Answer:
  """Answers one image [S, S, C] with its puzzle and the order that was found.

  Args:
    orders: the permutations [P, T].
    x: the image.
    said: its outputs, see `solving`.
    classes: unused.
  """
  del classes
  order = orders[int(np.argmax(said['logits']))]
  tiles = np.asarray(said['tiles'])

  def show():
    figure, panels = draw.panels(6, 2.2, 3, titles=('image', 'puzzle', 'answer'))
    for axes, pixels in zip(
      panels,
      (np.asarray(x), mosaic(tiles), mosaic(restored(tiles, order))),
      strict=True,
    ):
      draw.image(axes, pixels)
    return figure

  places = ' '.join(str(place + 1) for place in order)
  return Answer(f'the tiles belong at {places}, counted row by row', show)


def restored(tiles: np.ndarray, order: np.ndarray) -> np.ndarray:
  """Returns shuffled tiles [T, t, t, C] in the places that a permutation [T] says."""
  back = np.empty_like(tiles)
  back[order] = tiles
  return back


def mosaic(tiles: np.ndarray) -> np.ndarray:
  """Lays out tiles [T, t, t, C] in a square, with a grey gap between them."""
  across = math.isqrt(len(tiles))
  padded = np.pad(tiles, ((0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=FRAME)
  side, channels = padded.shape[1], tiles.shape[-1]
  rows = padded.reshape(across, across, side, side, channels).swapaxes(1, 2)
  return rows.reshape(across * side, across * side, channels)[:-GAP, :-GAP]


def draw_puzzles(
  puzzle: Batch, chosen: np.ndarray, orders: np.ndarray, shown: np.ndarray
) -> Any:
  """Draws puzzles: shuffled, in the chosen order, and in their own; errors in orange.

  Args:
    puzzle: tiles [N, T, t, t, C] and their permutations [N].
    chosen: permutations [N] that the network chose.
    orders: [P, T].
    shown: the numbers of the puzzles that are drawn.
  """
  rows = ('puzzle', 'answer', 'truth')
  figure, panels = draw.panels(
    0.9 * len(shown) + 0.4, 2.9, len(rows) * len(shown), len(shown)
  )
  for column, number in enumerate(shown):
    tiles = puzzle.x[number]
    images = (
      tiles,
      restored(tiles, orders[chosen[number]]),
      restored(tiles, orders[puzzle.y[number]]),
    )
    for row, each in enumerate(images):
      axes = panels[row * len(shown) + column]
      draw.image(axes, mosaic(each))
      if row == 1 and chosen[number] != puzzle.y[number]:
        axes.spines[:].set(color=draw.ORANGE, linewidth=2)
  for axes, word in zip(panels[:: len(shown)], rows, strict=True):
    axes.set_ylabel(word, fontsize=9)
  return figure
