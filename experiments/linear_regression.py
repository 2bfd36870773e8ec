"""Linear regression by gradient descent: used cars and diabetes. Lecture 3.

    python -m experiments.linear_regression                     # ten cars, seconds
    python -m experiments.linear_regression --loss=absolute     # the lecture's error
    python -m experiments.linear_regression --dataset=diabetes  # ten columns
    python -m experiments.linear_regression --dataset=diabetes --l1=0.1    # Lasso
    python -m experiments.linear_regression --dataset=diabetes --l2=0.1    # Ridge

What is minimised is the mean of ½(y - f)², f = w·x + b, or of |y - f|. (The lectures'
squared error has the ½ too, but sums over the examples: its best rate depends on how
many there are.) x and y are standardised by the training split, and so is every error
that is reported: 1 is one deviation of y.

The penalties, l1·Σ|w| and ½·l2·Σw² without b, are parts of the optimizer. scikit-learn
minimises the same with LinearRegression, with Lasso(alpha=l1), Ridge(alpha=N·l2), where
N is the number of examples, and ElasticNet. The gradient of l2 is added before the step
("coupled"); after a plain gradient step l1 pulls every weight by rate·l1 towards 0, and
no further (the proximal step of Lasso). Adding ±l1 to the gradient, as it is taught,
only swings about 0; the report shows both.
"""

import dataclasses

import optax

from dl_core import config, launch, metrics, optimizers, tasks
from dl_core.data import cars, tabular
from dl_core.interpret import boundary, line, shrinkage
from dl_core.models import perceptron
from dl_core.types import UserError

LOSSES = {'squared': metrics.squared_error, 'absolute': metrics.absolute_error}


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field('cars', 'cars, or a table with a number to tell')
  loss: str = config.field('squared', 'which error', choices=tuple(LOSSES))
  l1: float = config.field(0.0, 'strength of the penalty Σ|w|', low=0)
  l2: float = config.field(0.0, 'strength of the penalty ½Σw²', low=0)
  steps: int = 200
  batch_size: int = config.field(10, 'examples a step: all of them, to be exact', low=1)
  learning_rate: float = config.field(
    0.1, 'of squared errors at every step, of absolute ones at first', above=0
  )
  eval_every: int = 5


RECIPES = {
  'diabetes': {
    'steps': 10_000,
    'batch_size': 310,
    'learning_rate': 0.25,
    'eval_every': 500,
  }
}
TINY = Config(steps=2, batch_size=8)
BENCH = Config(dataset='diabetes', **RECIPES['diabetes'])


def build(c: Config) -> launch.Experiment:
  loss, own = LOSSES[c.loss], c.dataset == 'cars'
  data = cars.data(c.batch_size, loss) if own else tabular.load(c, loss=loss)
  if data.spec.classes:
    raise UserError(
      f'--dataset={c.dataset} was given, of which a class is to be told; give a table '
      'with a number to tell, as cars or diabetes'
    )
  return launch.Experiment(
    config=c,
    steps_per_call={'cpu': 100},
    task=tasks.supervised(
      perceptron.Perceptron(), loss, absolute_error=metrics.absolute_error
    ),
    optimizers=(descent(c, c.l1, c.l2),),
    data=data,
    scores=shrinkage.r2,
    observe=boundary.observe,
    report=line.report(c) if own else shrinkage.report(c, descent),
  )


def descent(c: Config, l1, l2) -> optax.GradientTransformation:
  """Makes gradient descent under penalties of strengths `l1` and `l2` on the weights.

  The slope of an absolute error does not fade towards the best fit; the rate does.
  """
  rate = optax.cosine_decay_schedule(c.learning_rate, max(c.steps, 1))
  if c.loss == 'squared':
    rate = optax.constant_schedule(c.learning_rate)
  weights = lambda params: {'neuron': {'kernel': True, 'bias': False}}  # noqa: E731
  return optax.chain(
    optax.add_decayed_weights(l2, mask=weights),
    optax.sgd(rate),
    optax.masked(optimizers.soft_threshold(lambda t: rate(t) * l1), weights),
  )


if __name__ == '__main__':
  launch.main(__name__)
