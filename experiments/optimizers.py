"""Optimizers in a bowl and on the digits (Polyak 1964 to Kingma & Ba 2015). Lecture 5.

    python -m experiments.optimizers                # six runs, three seeds: 35 s
    python -m experiments.optimizers --optimizers=sgd,adam --steps=1000 --seeds=5
    python -m experiments.optimizers --optimizers=  # the bowl alone, 10 s

The lecture files momentum, AdaGrad, RMSProp, Adadelta and Adam under regularisation;
they are optimizers: they change how soon a loss is low, not which loss it is.

In the bowl ½(x² + κy²) a step of gradient descent shortens the way by (κ-1)/(κ+1) at
best, one of momentum by (√κ-1)/(√κ+1): ten times fewer steps at κ = 100. The adaptive
methods take the same path for every κ, unless the bowl is turned. On the digits,
momentum has a train loss of 0.1 in 83 steps, gradient descent in 130.
"""

import dataclasses
from functools import partial

from dl_core import config, launch
from dl_core.lessons.training import adaptive, descent, race
from dl_core.types import Picture
from experiments import mlp

# Of 1, 2 and 5 times a power of ten, that at which the mean train loss over 300 steps
# is lowest (three seeds, hidden=64).
RATES = {
  'sgd': 1.0,
  'momentum': 0.2,
  'adagrad': 0.1,
  'rmsprop': 2e-2,
  'adadelta': 10.0,
  'adam': 2e-2,
}
LOW = 0.1  # nats of train loss


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  optimizers: tuple[str, ...] = config.field(
    tuple(RATES),
    'optimizers that train on the digits; empty: none, the bowl alone',
    choices=tuple(RATES),
    empty=True,
  )
  hidden: tuple[int, ...] = config.field(
    (64,), 'units of each hidden layer', low=1, empty=True
  )
  size: int = config.field(8, 'height and width of the digits, in pixels', low=1)
  starts: int = config.field(
    20, 'number of starting points in the bowl', low=1, below=10_000
  )
  seeds: int = 3
  steps: int = 300
  learning_rate: float = config.field(
    1.0, "factor on each optimizer's own best learning rate (see RATES)", above=0
  )
  eval_every: int = 10


TINY = Config(
  steps=2, batch_size=8, hidden=(8,), optimizers=('sgd',), starts=2, seeds=1
)


def study(c: Config) -> launch.Study:
  same = config.shared(c, 'hidden', 'size') | {'schedule': 'constant'}
  runs = {}
  for name in c.optimizers:
    change = {'optimizer': name, 'learning_rate': c.learning_rate * RATES[name]}
    runs[name] = mlp, mlp.Config(**same | change)
  return launch.Study(runs, partial(draw, c.seed, c.starts))


def draw(seed: int, starts: int, results) -> list[Picture]:
  """Draws descents from so many starting points, and the training on the digits."""
  begin = descent.starts(seed, starts)
  pictures = [
    descent.speed(descent.measure(descent.KAPPAS, begin)),
    descent.map_of_paths(),
    adaptive.blindness(adaptive.four_bowls(begin)),
    adaptive.rates(begin),
  ]
  return [*pictures, race.picture(results, LOW)] if results else pictures


if __name__ == '__main__':
  launch.main(__name__)
