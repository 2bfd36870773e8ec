"""The boundary of a linear classifier: a line, a plane, or its weights.

Shapes: n examples, F features, K classes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dl_core.data.fruits import Best
from dl_core.lessons.boundaries import linear, regions
from dl_core.report import draw
from dl_core.types import Picture, Task

MOST = 20  # weights drawn
BEST: Any = {'colors': draw.PINK, 'linestyles': 'dashed', 'linewidths': 2}


def report(c: Any, task: Task, columns: Sequence[str], best: Best | None):
  """Makes the report of a linear classifier.

  Args:
    c: settings of experiments/classification.
    task: its outputs are logits [B, K].
    columns: the name of each feature.
    best: the best possible boundary, if it is known.
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
      picture = described(fit, columns, c.degree)
    return [picture._replace(claims=tuple(claims))]

  return pictures


def in_the_plane(
  fit: linear.Fitted,
  classes: Sequence[str],
  columns: Sequence[str],
  best: Best | None = None,
) -> Picture:
  """Draws predicted classes over two features and some training examples."""

  def show():
    figure, axes = draw.panel(4.8, 3.8)
    plane(axes, fit, classes, columns, best)
    figure.legend(loc='outside right upper', markerscale=1.5)
    return figure

  return Picture(
    'The boundary',
    'Places have the colour of their predicted class; points are some of the '
    f'{len(fit.train.y):,} training examples.'
    + (' The dashed line is the best possible boundary.' if best else ''),
    show,
  )


def plane(
  axes: Any,
  fit: linear.Fitted,
  classes: Sequence[str],
  columns: Sequence[str],
  best: Best | None = None,
) -> None:
  """Draws the picture of `in_the_plane` on axes."""
  box = regions.around(fit.train.x)
  regions.shade(axes, fit.logits, box)
  if best:
    draw.outline(axes, regions.grid(box) @ best.w + best.b, box, **BEST)
  regions.scatter(axes, fit.train.x, fit.train.y, classes)
  axes.set_xlabel(columns[0])
  axes.set_ylabel(columns[1])


def in_space(
  fit: linear.Fitted, classes: Sequence[str], columns: Sequence[str]
) -> Picture:
  """Draws three features and the plane between two classes."""

  def show():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4.4))
    axes: Any = figure.add_axes((0, 0.02, 0.92, 0.98), projection='3d')
    space(axes, fit, classes, columns)
    figure.legend(loc='upper right', markerscale=1.5)
    return figure

  return Picture(
    'The hyperplane',
    'With three features the boundary w·x + b = 0 is a plane: the classifier predicts '
    f'{classes[1]} on one side, {classes[0]} on the other.',
    show,
  )


def space(
  axes: Any, fit: linear.Fitted, classes: Sequence[str], columns: Sequence[str]
) -> None:
  """Draws the picture of `in_space` on 3-D axes."""
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


def described(fit: linear.Fitted, columns: Sequence[str], degree: int) -> Picture:
  """Describes in words a curved boundary of more than two features."""
  return Picture(
    'The boundary',
    'A curved boundary can be drawn for two features only.',
    lambda: (
      f'A polynomial of degree {degree} in {len(columns)} features: {len(fit.w):,} '
      'products of features, each with a weight.'
    ),
  )


def weights(
  fit: linear.Fitted, classes: Sequence[str], columns: Sequence[str]
) -> Picture:
  """Draws the weights of the features, at most the `MOST` largest."""
  size = np.abs(fit.w).max(axis=1)
  chosen = np.argsort(-size, kind='stable')[:MOST][::-1]
  which = 'The weights' if len(size) <= MOST else f'The {MOST} largest weights'
  names = classes if fit.w.shape[1] > 1 else classes[1:]

  def show():
    size = 2.2 + 2.2 * len(names), 0.6 + 0.22 * len(chosen)
    titles = [f'for {name}' for name in names]
    share = {'sharex': True, 'sharey': True}
    figure, panels = draw.panels(*size, len(names), titles=titles, **share)
    for k, axes in enumerate(panels):
      axes.barh(range(len(chosen)), fit.w[chosen, k], color=draw.BLUE, height=0.7)
      draw.guide(axes, x=0, color='black', ls='-', lw=0.8, zorder=2)
      axes.set_yticks(range(len(chosen)), [columns[i] for i in chosen], fontsize=9)
      axes.tick_params(axis='y', length=0)
      axes.spines['left'].set_visible(False)
      axes.set_xlabel('weight')
    return figure

  return Picture(
    'What it goes by',
    f'{which} of standardised features: positive weights are evidence for a class, '
    'negative ones against it. Correlated columns share their weight.',
    show,
  )
