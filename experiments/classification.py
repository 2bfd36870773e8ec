"""Linear classifiers of fruits and of tables, full batch (Cox, 1958). Lecture 3.

    python -m experiments.classification         # apple or orange? 14.4 % errors, 7 s
    python -m experiments.classification --dataset=apple_banana   # no errors at all
    python -m experiments.classification --dataset=fruits --loss=one_vs_rest
    python -m experiments.classification --columns=shape,colour,softness
    python -m experiments.classification --dataset=curved --degree=3
    python -m experiments.classification --dataset=breast_cancer  # wine, iris: a table

Of the test examples it reads 98.2 % (breast_cancer), 94.4 % (wine) and 96.7 % (iris)
right, each table in 7 s.

g(x) = w·x + b, and the answer is the second class where g > 0; of several classes it is
the one of the highest g. What is counted is the 0-1 loss, one for every error, but it
is a step: its gradient is 0 wherever there is one. So the logistic loss is minimised.

The training set is --batch_size examples, which the seed draws, and every step sees all
of them: descent on one fixed function, with Nesterov's momentum. Two kinds of fruit
have a best boundary, and a least error Φ(-d/2), that are known. scikit-learn's
LogisticRegression(C=1/(l2·N)) minimises the same.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from dl_core import config, interpret, launch, tasks
from dl_core.data import curved, fruits, samples, tabular
from dl_core.interpret import classification
from dl_core.launch.families import calls
from dl_core.lessons.boundaries import hyperplane, linear
from dl_core.models import linear as model
from dl_core.tasks import measures, optimizers
from dl_core.types import Data, UserError

LOSSES = {'softmax': measures.cross_entropy, 'one_vs_rest': measures.one_vs_rest}


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'apple_orange',
    f'data set: {", ".join(fruits.SETS)}, curved, or a table with classes',
  )
  columns: tuple[str, ...] = config.field(
    (),
    'columns to classify by, as in colour,softness; empty: shape,colour for fruits, '
    'all columns of a table',
    empty=True,
  )
  noise: int = config.field(
    0, 'number of noise columns added to those of fruits', low=0
  )
  degree: int = config.field(1, 'degree of the polynomial g', low=1, below=100)
  loss: str = config.field(
    'softmax',
    'loss: softmax over all classes, or one logistic loss per class against the rest',
    choices=tuple(LOSSES),
  )
  l2: float = config.field(1e-3, 'L2 penalty: factor of ½Σw² in the loss', low=0)
  batch_size: int = config.field(
    1_000,
    'number of training examples; every step uses all of them',
    low=1,
    below=2**31,
  )
  learning_rate: float = 1.0


TABLE: dict[str, Any] = {'learning_rate': 0.3, 'l2': 3e-3}
RECIPES = {
  'breast_cancer': TABLE | {'batch_size': 398},
  'wine': TABLE | {'batch_size': 124},
  'iris': TABLE | {'batch_size': 105},
}
MOST = 10_000  # products of columns
TINY = Config(steps=2, batch_size=8)
BENCH = Config(dataset='breast_cancer', **RECIPES['breast_cancer'])


def build(c: Config) -> launch.Experiment:
  data, columns, best = load(c)
  refuse_many(c, data.spec.batch.x.shape[-1])
  classes = len(data.spec.classes)
  two = classes == 2 and c.loss == 'softmax'
  task = tasks.supervised(
    model.Linear(1 if two else classes, c.degree),
    LOSSES[c.loss],
    accuracy=measures.accuracy,
  )
  return launch.Experiment(
    config=c,
    steps_per_call=calls.LINEAR,
    task=task,
    optimizers=(optimizers.make('nesterov', c.learning_rate, l2=c.l2),),
    data=samples.whole(data),
    observe=linear.observe,
    report=interpret.join(
      hyperplane.report(c, task, columns, best),
      classification.report(task),
    ),
  )


def refuse_many(c: Config, columns: int) -> None:
  """Raises a UserError if g has too many products of columns to list."""
  count = math.comb(columns + c.degree, c.degree)
  if c.degree > 1 and count > MOST:
    raise UserError(
      f'--degree={c.degree} was given, for which {columns} columns have {count:,} '
      f'products, and {MOST:,} are the most; give a lower one, or fewer --columns'
    )


def load(c: Config) -> tuple[Data, Sequence[str], fruits.Best | None]:
  """Returns the examples, the names of columns, and the best boundary if known."""
  if c.dataset in fruits.SETS:
    columns = tuple(c.columns) or ('shape', 'colour')
    data = fruits.data(c.dataset, columns, c.noise, c.batch_size)
    two = len(fruits.SETS[c.dataset]) == 2
    best = fruits.best(c.dataset, columns, c.noise) if two else None
    return data, fruits.named(columns, c.noise), best
  if c.noise:
    raise UserError(f'--noise={c.noise} was given, which is for fruits alone; drop it')
  if c.dataset == 'curved':
    if c.columns:
      raise UserError(
        f'--columns={config.stored(c.columns)} was given, but the columns of curved '
        'are x and y; drop it'
      )
    return curved.data(c.batch_size), curved.COLUMNS, None
  data = tabular.load(c, columns=c.columns)
  if not data.spec.classes:
    raise UserError(
      f'--dataset={c.dataset} was given, whose target is a number; give a table '
      'with classes, as breast_cancer, wine or iris'
    )
  return data, tabular.declared(c.dataset, c.data_dir, c.columns).names, None


if __name__ == '__main__':
  launch.main(__name__)
