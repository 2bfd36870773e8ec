"""Which class a classifier names where: the plane of two features, or a box of three.

Shapes: n examples, F features, K classes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

GRID = 160  # points along each side of the plane
MOST = 120  # examples of each class that are drawn
MARKERS = ('o', 's', '^', 'D')

Box = tuple[np.ndarray, np.ndarray]  # its lowest and its highest corner, [F] each
Logits = Callable[[np.ndarray], np.ndarray]  # features [n, F] -> logits [n, K]


def around(x: np.ndarray, room: float = 0.08) -> Box:
  """Returns the corners [F] of a box with all x [n, F] inside, and some room."""
  low, high = x.min(axis=0), x.max(axis=0)
  return low - room * (high - low), high + room * (high - low)


def grid(box: Box) -> np.ndarray:
  """Returns the points [GRID, GRID, 2] of a plane, rows along the second feature."""
  low, high = box
  sides = [np.linspace(low[i], high[i], GRID) for i in range(2)]
  return np.stack(np.meshgrid(*sides), axis=-1).astype(np.float32)


def shade(axes: Any, logits: Logits, box: Box) -> None:
  """Paints each place in the colour of its class, and draws the boundaries."""
  points = grid(box)
  scores = np.asarray(logits(points.reshape(-1, 2))).reshape(GRID, GRID, -1)
  paint(axes, np.argmax(scores, axis=-1), box)
  for k in range(scores.shape[-1]):
    others = np.delete(scores, k, axis=-1).max(axis=-1)
    outline(axes, points, scores[..., k] - others)


def paint(axes: Any, said: np.ndarray, box: Box, ink: float = 0.22) -> None:
  """Paints classes [GRID, GRID] as colours; -1 leaves a place as it is."""
  from matplotlib import colors

  low, high = box
  table = [[*colors.to_rgb(f'C{k}'), ink] for k in range(max(said.max(), 0) + 1)]
  table.append([0, 0, 0, 0])  # that of -1
  axes.imshow(
    np.array(table)[said],
    origin='lower',
    extent=(low[0], high[0], low[1], high[1]),
    aspect='auto',
    interpolation='none',
  )


def outline(axes: Any, points: np.ndarray, g: np.ndarray, **style: Any) -> None:
  """Draws where g [GRID, GRID] is 0, if it is anywhere."""
  if g.min() < 0 < g.max():
    style = {'colors': 'black', 'linewidths': 1.2} | style
    axes.contour(points[..., 0], points[..., 1], g, levels=[0], **style)


def scatter(
  axes: Any, x: np.ndarray, y: np.ndarray, classes: Sequence[str], size: float = 12
) -> None:
  """Draws examples x [n, 2 or 3] of classes y [n], some of each if there are many."""
  for k, name in enumerate(classes):
    mine = x[y == k][:MOST]
    marker = MARKERS[k % len(MARKERS)]
    axes.scatter(
      *mine.T, c=f'C{k}', s=size, marker=marker, label=name, linewidths=0, alpha=0.85
    )


def plane(axes: Any, w: np.ndarray, b: float, box: Box):
  """Draws the part of the plane w·x + b = 0 that is in a box, on axes in 3-D.

  The feature of the largest weight is told from the other two.
  """
  low, high = box
  up = int(np.argmax(np.abs(w) * (high - low)))
  i, j = (k for k in range(3) if k != up)
  sides = np.meshgrid(
    np.linspace(low[i], high[i], 40), np.linspace(low[j], high[j], 40)
  )
  height = -(w[i] * sides[0] + w[j] * sides[1] + b) / w[up]
  height = np.where((height >= low[up]) & (height <= high[up]), height, np.nan)
  points: list[Any] = [None] * 3
  points[i], points[j], points[up] = sides[0], sides[1], height
  axes.plot_surface(*points, color='C3', alpha=0.35, linewidth=0, shade=False)
