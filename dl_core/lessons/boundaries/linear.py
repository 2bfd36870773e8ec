"""Linear classifiers compared with the best boundary and with scikit-learn.

Shapes: n examples, F features, K classes, M polynomials of the features.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dl_core.data import splits
from dl_core.data.fruits import Best
from dl_core.lessons.boundaries import separation
from dl_core.report import draw
from dl_core.types import Claim, Data, Key, Task, Variables

CLOSE = 0.005  # share of test predictions that may differ; at least 2 may
ANGLE = 10.0  # degrees between a boundary and the best one


class Examples(NamedTuple):
  """Examples x [n, F], their classes y [n] and the predicted classes [n]."""

  x: np.ndarray
  y: np.ndarray
  said: np.ndarray

  @property
  def error(self) -> float:
    """The error rate, the mean 0-1 loss."""
    return float(np.mean(self.said != self.y))


class Fitted(NamedTuple):
  """A trained classifier with its training and test examples.

  Attributes:
    logits: features [n, F] -> [n, K].
    w, b: [M, K] and [K]; for two classes with one logit [M, 1] and [1].
    train, test: examples.
  """

  logits: Callable[[np.ndarray], np.ndarray]
  w: np.ndarray
  b: np.ndarray
  train: Examples
  test: Examples


def observe(variables: Variables, data: Data, key: Key) -> dict[str, Any]:
  """Returns the weights [M, K], the bias [K] and the rows of the training examples."""
  assert data.rows is not None
  own = variables['params']['linear']
  return {'w': own['kernel'], 'b': own['bias'], 'rows': data.rows(key, 0)}


def fitted(task: Task, data: Data, seen: dict[str, Any]) -> Fitted:
  """Rebuilds a classifier from the result of `observe`."""
  w, b, rows = (np.asarray(seen[name]) for name in ('w', 'b', 'rows'))
  variables = {'params': {'linear': {'kernel': w, 'bias': b}}}
  outputs: Any = task.outputs

  def logits(x):
    return np.asarray(outputs(variables, np.asarray(x, np.float32)))

  def judged(x, y):
    return Examples(x, y, logits(x).argmax(axis=-1))

  x, y = separation.training_set(data)
  test = judged(*splits.examples(data, 'test'))
  return Fitted(logits, w, b, judged(x[rows], y[rows]), test)


def of(run: Any) -> Fitted:
  """Rebuilds the classifier of a finished run; see `studies.Finished`."""
  experiment, seen = run.experiment, run.observed[max(run.observed)]
  return fitted(experiment.task, experiment.data, seen)


def spread(values: np.ndarray) -> np.ndarray:
  """Returns the sample standard deviation of values [..., seeds]; 0 for one seed."""
  return np.std(values, axis=-1, ddof=min(1, values.shape[-1] - 1))


def doubt(values: np.ndarray) -> float:
  """Returns the standard error of the mean of values [seeds]; 0 for one seed."""
  return float(spread(values) / math.sqrt(len(values)))


def error_bars(axes: Any, x: Any, train: np.ndarray, test: np.ndarray) -> None:
  """Draws mean and standard deviation of training and test errors [..., S] over x."""
  for name, values, colour, marker in (
    ('training error', train, draw.ORANGE, 's'),
    ('test error', test, draw.BLUE, 'o'),
  ):
    look: Any = {'label': name, 'capsize': 3, 'color': colour, 'marker': marker}
    axes.errorbar(x, 100 * values.mean(axis=1), 100 * spread(values), **look)
  axes.set_ylabel('errors, %')


def beats(fit: Fitted, data: Data) -> Claim:
  """Claims an error below half the error of the best constant prediction."""
  constant, error = 1 - data.baseline()['accuracy'], fit.test.error
  return Claim(
    'The test error is less than half the error of the best constant prediction',
    error < constant / 2,
    f'{error:.1%} of {len(fit.test.y):,} test examples against {constant:.1%}',
  )


def known(fit: Fitted, best: Best | None) -> list[Claim]:
  """Compares the error and the direction of w with the best boundary."""
  if best is None or fit.w.shape[1] > 1:
    return []
  n, error = len(fit.test.y), fit.test.error
  if best.error * n < 0.1:
    sentence = (
      f'The best boundary misclassifies {1e6 * best.error:.2g} in a million, Φ(-d/2), '
      'this one none'
    )
    return [Claim(sentence, error == 0, f'{round(error * n)} of {n:,}')]
  chance = math.sqrt(best.error * (1 - best.error) / n)
  off = angle(fit.w[:, 0], best.w)
  return [
    Claim(
      'The error is the least possible, Φ(-d/2), within three standard errors',
      abs(error - best.error) <= 3 * chance,
      f'{error:.2%}, and Φ(-d/2) = {best.error:.2%} ± {chance:.2%}',
    ),
    Claim(
      f'w has the direction of the difference of the means, within {ANGLE:g}°',
      off <= ANGLE,
      f'{off:.1f}° apart',
    ),
  ]


def angle(a: np.ndarray, b: np.ndarray) -> float:
  """Returns the angle between two vectors in degrees; 90 if one of them is 0."""
  length = np.linalg.norm(a) * np.linalg.norm(b)
  cosine = a @ b / length if length else 0.0
  return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def agrees(fit: Fitted, loss: str, l2: float) -> Claim:
  """Compares predictions with scikit-learn's, trained on the same examples."""
  theirs = reference(fit.train, loss, l2).predict(fit.test.x)
  n, wrong = len(theirs), np.mean(theirs != fit.test.y)
  differ = int(np.sum(theirs != fit.test.said))
  return Claim(
    "The predictions are those of scikit-learn's LogisticRegression, except for two "
    f'examples or {CLOSE:.1%}',
    differ <= max(2, CLOSE * n),
    f'{differ} of {n:,} predictions differ; errors {fit.test.error:.2%} and '
    f'{wrong:.2%}',
  )


def reference(train: Examples, loss: str, l2: float) -> Any:
  """Fits scikit-learn's LogisticRegression, multinomial or one-vs-rest.

  It minimises ½Σw² + C·Σ loss, the sum over the n examples: C = 1/(l2·n).
  """
  from sklearn import linear_model, multiclass

  strength = 1 / (l2 * len(train.y)) if l2 else np.inf
  # Without a penalty separable classes never converge.
  machine: Any = linear_model.LogisticRegression(
    C=strength, tol=1e-5, max_iter=10_000 if l2 else 500
  )
  if loss == 'one_vs_rest':
    machine = multiclass.OneVsRestClassifier(machine)
  return machine.fit(train.x.astype(np.float64), train.y)
