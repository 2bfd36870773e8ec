"""Linear classifiers: their boundaries and weights drawn, and held against the known.

Shapes: n examples, F features, K classes, M polynomials of the features.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dl_core.data.fruits import Best
from dl_core.interpret import boundary, regions
from dl_core.types import Claim, Data, Key, Picture, Task, Variables

MOST = 20  # weights drawn
CLOSE = 0.005  # share of test examples by which two may differ; 2 examples, if more
ANGLE = 10.0  # degrees between a boundary and the best one
BEST: Any = {'colors': 'C3', 'linestyles': 'dashed', 'linewidths': 2}


class Examples(NamedTuple):
  """Examples x [n, F], their classes y [n], and what a classifier says of them [n]."""

  x: np.ndarray
  y: np.ndarray
  said: np.ndarray

  @property
  def error(self) -> float:
    """The mean 0-1 loss, the share that is read wrong."""
    return float(np.mean(self.said != self.y))


class Fitted(NamedTuple):
  """A trained classifier, the examples that it learnt from and those it is tested on.

  Attributes:
    logits: features [n, F] -> [n, K].
    w, b: [M, K] and [K]; of two classes in one, [M, 1] and [1].
    train, test: examples.
  """

  logits: Callable[[np.ndarray], np.ndarray]
  w: np.ndarray
  b: np.ndarray
  train: Examples
  test: Examples


def observe(variables: Variables, data: Data, key: Key) -> dict[str, Any]:
  """Keeps the weights [M, K], the bias [K], and which examples are learnt from."""
  assert data.rows is not None
  own = variables['params']['linear']
  return {'w': own['kernel'], 'b': own['bias'], 'rows': data.rows(key, 0)}


def fitted(task: Task, data: Data, seen: dict[str, Any]) -> Fitted:
  """Puts a classifier together again from what `observe` kept of it."""
  w, b, rows = (np.asarray(seen[name]) for name in ('w', 'b', 'rows'))
  variables = {'params': {'linear': {'kernel': w, 'bias': b}}}
  outputs: Any = task.outputs

  def logits(x):
    return np.asarray(outputs(variables, np.asarray(x, np.float32)))

  def judged(x, y):
    return Examples(x, y, logits(x).argmax(axis=-1))

  x, y = boundary.training_set(data)
  test = judged(*boundary.examples(data, 'test'))
  return Fitted(logits, w, b, judged(x[rows], y[rows]), test)


def of(run: Any) -> Fitted:
  """Puts the classifier of a finished run together; see `studies.Finished`."""
  experiment, seen = run.experiment, run.observed[max(run.observed)]
  return fitted(experiment.task, experiment.data, seen)


def doubt(values: np.ndarray) -> float:
  """Returns the standard error of the mean of values [seeds]; 0 of one alone."""
  return (
    float(np.std(values, ddof=1) / math.sqrt(len(values))) if len(values) > 1 else 0
  )


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
    fit = fitted(task, data, observe(variables, data, key))
    classes = data.spec.classes
    claims = [beats(fit, data), *known(fit, best if c.degree == 1 else None)]
    if c.degree == 1 and set(fit.train.y) == set(range(len(classes))):
      claims.append(agrees(fit, c.loss, c.l2))
    if len(columns) == 2:
      picture = in_the_plane(fit, classes, columns, best)
    elif len(columns) == 3 and fit.w.shape == (3, 1):
      picture = in_space(fit, classes, columns)
    elif c.degree == 1:
      picture = weights(fit, classes, columns)
    else:
      return []
    return [picture._replace(claims=tuple(claims))]

  return pictures


def beats(fit: Fitted, data: Data) -> Claim:
  """Says that it errs less than half as often as the best constant answer."""
  constant, error = 1 - data.baseline()['accuracy'], fit.test.error
  return Claim(
    'It errs less than half as often as the best constant answer',
    error < constant / 2,
    f'{error:.1%} of {len(fit.test.y):,} test examples against {constant:.1%}',
  )


def known(fit: Fitted, best: Best | None) -> list[Claim]:
  """Holds the error and the direction of w against those of the best boundary."""
  if best is None or fit.w.shape[1] > 1:
    return []
  n, error = len(fit.test.y), fit.test.error
  if best.error * n < 0.1:
    sentence = 'Where no more than a fruit in a million overlaps, none is misread'
    return [Claim(sentence, error == 0, f'{round(error * n)} of {n:,}')]
  chance = math.sqrt(best.error * (1 - best.error) / n)
  off = angle(fit.w[:, 0], best.w)
  return [
    Claim(
      'It errs as rarely as is possible, Φ(-d/2), within three standard errors',
      abs(error - best.error) <= 3 * chance,
      f'{error:.2%}, and Φ(-d/2) = {best.error:.2%} ± {chance:.2%}',
    ),
    Claim(
      f'w points from one mean to the other, within {ANGLE:g}°',
      off <= ANGLE,
      f'{off:.1f}° off',
    ),
  ]


def angle(a: np.ndarray, b: np.ndarray) -> float:
  """Returns the degrees between two vectors; 90 where one is 0."""
  length = np.linalg.norm(a) * np.linalg.norm(b)
  cosine = a @ b / length if length else 0.0
  return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def agrees(fit: Fitted, loss: str, l2: float) -> Claim:
  """Holds its answers against scikit-learn's, trained on the same examples."""
  theirs = reference(fit.train, loss, l2).predict(fit.test.x)
  n, wrong = len(theirs), np.mean(theirs != fit.test.y)
  differ = int(np.sum(theirs != fit.test.said))
  return Claim(
    "It answers as scikit-learn's LogisticRegression does, but for two examples or "
    f'{CLOSE:.1%}',
    differ <= max(2, CLOSE * n),
    f'{differ} of {n:,} answers differ; errors {fit.test.error:.2%}, its own '
    f'{wrong:.2%}',
  )


def reference(train: Examples, loss: str, l2: float) -> Any:
  """Fits scikit-learn's LogisticRegression, of all classes or of each against the rest.

  It minimises ½Σw² + C·Σ loss, the sum over the n examples: C = 1/(l2·n).
  """
  from sklearn import linear_model, multiclass

  strength = 1 / (l2 * len(train.y)) if l2 else np.inf
  # Without a penalty what is separable never comes to an end.
  machine: Any = linear_model.LogisticRegression(
    C=strength, tol=1e-5, max_iter=10_000 if l2 else 500
  )
  if loss == 'one_vs_rest':
    machine = multiclass.OneVsRestClassifier(machine)
  return machine.fit(train.x.astype(np.float64), train.y)


def in_the_plane(
  fit: Fitted, classes: Sequence[str], columns: Sequence[str], best: Best | None = None
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
  fit: Fitted,
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


def in_space(fit: Fitted, classes: Sequence[str], columns: Sequence[str]) -> Picture:
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
  axes: Any, fit: Fitted, classes: Sequence[str], columns: Sequence[str]
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


def weights(fit: Fitted, classes: Sequence[str], columns: Sequence[str]) -> Picture:
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
    f'{which} of standardised features: positive ones speak for a class, negative ones '
    'against it. Columns that resemble each other share what they say.',
    draw,
  )
