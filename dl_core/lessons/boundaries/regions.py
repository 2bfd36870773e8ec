"""Predicted classes in the plane of two features or in a box of three features.

Shapes: n examples, F features, K classes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dl_core.report import draw

GRID = 160  # points along each side of the plane
MOST = 120  # examples of each class that are drawn
MARKERS = ('o', 's', '^', 'D')

Box = tuple[np.ndarray, np.ndarray]  # its lowest and its highest corner, [F] each
Logits = Callable[[np.ndarray], np.ndarray]  # features [n, F] -> logits [n, K]


def around(x: np.ndarray, room: float = 0.08) -> Box:
  """Returns the corners [F] of a box around all x [n, F], with a margin."""
  low, high = x.min(axis=0), x.max(axis=0)
  return low - room * (high - low), high + room * (high - low)


def grid(box: Box) -> np.ndarray:
  """Returns the points [GRID, GRID, 2] of a plane; the second feature varies by row."""
  low, high = box
  sides = [np.linspace(low[i], high[i], GRID) for i in range(2)]
  return np.stack(np.meshgrid(*sides), axis=-1).astype(np.float32)


def shade(axes: Any, logits: Logits, box: Box) -> None:
  """Colours a plane by predicted classes and draws the boundaries."""
  scores = np.asarray(logits(grid(box).reshape(-1, 2))).reshape(GRID, GRID, -1)
  draw.regions(axes, np.argmax(scores, axis=-1), box)
  for k in range(scores.shape[-1]):
    others = np.delete(scores, k, axis=-1).max(axis=-1)
    draw.outline(axes, scores[..., k] - others, box)


def scatter(
  axes: Any, x: np.ndarray, y: np.ndarray, classes: Sequence[str], size: float = 12
) -> None:
  """Draws examples x [n, 2 or 3] of classes y [n], at most `MOST` of each."""
  for k, name in enumerate(classes):
    look: Any = {'c': f'C{k}', 'marker': MARKERS[k % len(MARKERS)], 'label': name}
    axes.scatter(*x[y == k][:MOST].T, s=size, linewidths=0, alpha=0.85, **look)


def plane(axes: Any, w: np.ndarray, b: float, box: Box):
  """Draws the part of the plane w·x + b = 0 inside a box, on 3-D axes.

  The plane is solved for the feature with the largest weight.
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
  axes.plot_surface(*points, color=draw.PINK, alpha=0.35, linewidth=0, shade=False)
