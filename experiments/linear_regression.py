"""Linear regression by gradient descent: used cars and diabetes. Lecture 3.

    python -m experiments.linear_regression                     # ten cars, 5 s
    python -m experiments.linear_regression --loss=absolute     # the lecture's error
    python -m experiments.linear_regression --dataset=diabetes  # ten columns, 11 s
    python -m experiments.linear_regression --dataset=diabetes --l1=0.1    # Lasso
    python -m experiments.linear_regression --dataset=diabetes --l2=0.1    # Ridge

What is minimised is the mean of ½(y - f)², f = w·x + b, or of |y - f|. (The lectures'
squared error has the ½ too, but sums over the examples: its best rate depends on how
many there are.) x and y are standardised by the training split, and so is every error
that is reported: 1 is one deviation of y. On new cars the loss is 0.048, where their
mean price has 0.503; on new patients 0.284, and 0.432.

The penalties, l1·Σ|w| and ½·l2·Σw² without b, are parts of the optimizer. scikit-learn
minimises the same with LinearRegression, with Lasso(alpha=l1), Ridge(alpha=N·l2), where
N is the number of examples, and ElasticNet. The gradient of l2 is added before the step
("coupled"); after a plain gradient step l1 pulls every weight by rate·l1 towards 0, and
no further (the proximal step of Lasso). Adding ±l1 to the gradient, as it is taught,
only swings about 0; the report shows both.
"""

import dataclasses

from dl_core import config, launch, tasks
from dl_core.data import cars, tabular
from dl_core.launch.families import calls
from dl_core.lessons.boundaries import separation
from dl_core.lessons.regression import line, shrinkage
from dl_core.models import perceptron
from dl_core.tasks import measures, optimizers, schedules
from dl_core.types import UserError

LOSSES = {'squared': measures.squared_error, 'absolute': measures.absolute_error}


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'cars', 'data set: cars, or a table with a numeric target, such as diabetes'
  )
  loss: str = config.field(
    'squared', 'loss: ½(y - f)² (squared) or |y - f| (absolute)', choices=tuple(LOSSES)
  )
  l1: float = config.field(0.0, 'L1 penalty: factor of Σ|w| in the loss', low=0)
  l2: float = config.field(0.0, 'L2 penalty: factor of ½Σw² in the loss', low=0)
  steps: int = 200
  batch_size: int = config.field(
    10, 'training examples per step; full batch if as many as there are', low=1
  )
  learning_rate: float = config.field(
    0.1,
    'learning rate; constant for --loss=squared, a cosine to 0 for --loss=absolute',
    above=0,
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
BENCH = Config(dataset='diabetes', batch_size=310, learning_rate=0.25)


def build(c: Config) -> launch.Experiment:
  loss, own = LOSSES[c.loss], c.dataset == 'cars'
  data = cars.data(c.batch_size, loss) if own else tabular.load(c, loss=loss)
  if data.spec.classes:
    raise UserError(
      f'--dataset={c.dataset} was given, whose target is a class; give a table with a '
      'numeric target, such as cars or diabetes'
    )
  # The gradient of an absolute error does not fade towards the best fit; the rate does.
  rate = c.learning_rate
  if c.loss == 'absolute':
    rate = schedules.cosine(c.learning_rate, c.steps)
  fit = c.loss, c.l1, c.l2
  names = () if own else tabular.declared(c.dataset, c.data_dir).names
  return launch.Experiment(
    config=c,
    steps_per_call=calls.LINEAR,
    task=tasks.supervised(
      perceptron.Perceptron(), loss, absolute_error=measures.absolute_error
    ),
    optimizers=(optimizers.make('sgd', rate, l1=c.l1, l2=c.l2),),
    data=data,
    scores=shrinkage.r2,
    observe=separation.observe,
    report=line.report(*fit) if own else shrinkage.report(*fit, names),
  )


if __name__ == '__main__':
  launch.main(__name__)
