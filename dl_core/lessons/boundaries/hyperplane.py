"""The boundary of a linear classifier, drawn: a line, a plane, or its weights.

Shapes: n examples, F features, K classes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dl_core.data.fruits import Best
from dl_core.lessons.boundaries import linear, regions
from dl_core.types import Picture, Task

MOST = 20  # weights drawn
BEST: Any = {'colors': 'C3', 'linestyles': 'dashed', 'linewidths': 2}


def report(c: Any, task: Task, columns: Sequence[str], best: Best | None):
  """Makes the report of a linear classifier.

  Args:
    c: settings of experiments/classification.
    task: its outputs are logits [B, K].
    columns: the name of each feature.
    best: the best boundary there can be, where that is known.
  """

  def pictures(variables, observed, data, key) -> list[Picture]:
    del observed
    fit = linear.fitted(task, data, linear.observe(variables, data, key))
    classes = data.spec.classes
    claims = [
      linear.beats(fit, data),
      *linear.known(fit, best if c.degree == 1 else None),
    ]
    if c.degree == 1 and set(fit.train.y) == set(range(len(classes))):
      claims.append(linear.agrees(fit, c.loss, c.l2))
    if len(columns) == 2:
      picture = in_the_plane(fit, classes, columns, best)
    elif len(columns) == 3 and fit.w.shape == (3, 1):
      picture = in_space(fit, classes, columns)
    elif c.degree == 1:
      picture = weights(fit, classes, columns)
    else:
      picture = untold(fit, columns, c.degree)
    return [picture._replace(claims=tuple(claims))]

  return pictures


def in_the_plane(
  fit: linear.Fitted,
  classes: Sequence[str],
  columns: Sequence[str],
  best: Best | None = None,
) -> Picture:
  """Draws two features, the classes that are named there and some training examples."""
  told = ' The dashed line is the best there can be.' if best else ''

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8, 3.8), layout='constrained')
    plane(figure.subplots(), fit, classes, columns, best)
    figure.legend(loc='outside right upper', markerscale=1.5)
    return figure

  return Picture(
    'The boundary',
    'Places are painted in the colour of the class that is named there; points are '
    f'some of the {len(fit.train.y):,} training examples.{told}',
    draw,
  )


def plane(
  axes: Any,
  fit: linear.Fitted,
  classes: Sequence[str],
  columns: Sequence[str],
  best: Best | None = None,
) -> None:
  """Draws on axes what `in_the_plane` shows."""
  box = regions.around(fit.train.x)
  regions.shade(axes, fit.logits, box)
  if best:
    points = regions.grid(box)
    regions.outline(axes, points, points @ best.w + best.b, **BEST)
  regions.scatter(axes, fit.train.x, fit.train.y, classes)
  axes.set_xlabel(columns[0])
  axes.set_ylabel(columns[1])


def in_space(
  fit: linear.Fitted, classes: Sequence[str], columns: Sequence[str]
) -> Picture:
  """Draws three features and the plane between two classes."""

  def draw():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4.4))
    axes: Any = figure.add_axes((0, 0.02, 0.92, 0.98), projection='3d')
    space(axes, fit, classes, columns)
    figure.legend(loc='upper right', markerscale=1.5)
    return figure

  return Picture(
    'The hyperplane',
    f'With three features the boundary w·x + b = 0 is a plane: {classes[1]} is named '
    f'on one side of it, {classes[0]} on the other.',
    draw,
  )


def space(
  axes: Any, fit: linear.Fitted, classes: Sequence[str], columns: Sequence[str]
) -> None:
  """Draws on axes in 3-D what `in_space` shows."""
  box = regions.around(fit.train.x, room=0)
  regions.plane(axes, fit.w[:, 0], float(fit.b[0]), box)
  regions.scatter(axes, fit.train.x, fit.train.y, classes)
  for side in (axes.xaxis, axes.yaxis, axes.zaxis):
    side.set_pane_color((0.5, 0.5, 0.5, 0.08))
  axes.set_xlabel(columns[0])
  axes.set_ylabel(columns[1])
  axes.set_zlabel(columns[2])
  axes.locator_params(nbins=4)
  axes.view_init(elev=20, azim=-55)


def untold(fit: linear.Fitted, columns: Sequence[str], degree: int) -> Picture:
  """Says in words what lies bent in more dimensions than can be drawn."""
  return Picture(
    'The boundary',
    'A curved boundary is drawn of two features alone.',
    lambda: (
      f'A polynomial of degree {degree} in {len(columns)} features: {len(fit.w):,} '
      f'products of them, each with its weight.'
    ),
  )


def weights(
  fit: linear.Fitted, classes: Sequence[str], columns: Sequence[str]
) -> Picture:
  """Draws the weights of the features, the largest ones where there are many."""
  size = np.abs(fit.w).max(axis=1)
  chosen = np.argsort(-size, kind='stable')[:MOST][::-1]
  which = 'The weights' if len(size) <= MOST else f'The {MOST} largest weights'
  names = classes if fit.w.shape[1] > 1 else classes[1:]

  def draw():
    from matplotlib.figure import Figure

    height = 0.6 + 0.22 * len(chosen)
    figure = Figure(figsize=(2.2 + 2.2 * len(names), height), layout='constrained')
    panels = figure.subplots(1, len(names), sharex=True, sharey=True, squeeze=False)[0]
    for k, (axes, name) in enumerate(zip(panels, names, strict=True)):
      axes.barh(range(len(chosen)), fit.w[chosen, k], color='C0', height=0.7)
      axes.axvline(0, color='black', lw=0.8)
      axes.set_yticks(range(len(chosen)), [columns[i] for i in chosen], fontsize=9)
      axes.set_title(f'for {name}', fontsize=10)
      axes.tick_params(axis='y', length=0)
      axes.spines['left'].set_visible(False)
      axes.set_xlabel('weight')
    return figure

  return Picture(
    'What it goes by',
    f'{which} of features on one scale: positive ones speak for a class, negative ones '
    'against it. Columns that resemble each other share what they say.',
    draw,
  )
