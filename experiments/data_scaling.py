"""Linear model, kernel machine and deep net on more and more data. Lecture 1.

    python -m experiments.data_scaling    # 24 runs and an SVM, three seeds: 50 s
    python -m experiments.data_scaling --dataset=digits      # as they are, 55 s
    python -m experiments.data_scaling --dataset=mnist --data_dir=DIR    # 6 minutes

The lecture: classical learners saturate, deep ones go on improving as data grow. The
plain digits are too few and too easy to show it (the linear model has 97 % of them), so
each is laid at every place of a larger field, which makes nine times as many, and no
sum of weighted pixels tells them apart.

From 175 examples on, four times as many at each step, the test accuracy of the linear
model is 48.1 → 60.7 → 69.2 → 72.1 %, of the net 68.0 → 88.7 → 95.9 → 97.7 %, and of a
support vector machine with a Gaussian kernel 75.4 → 91.8 → 97.2 → 98.5 %: classical,
and it goes on improving too. On MNIST, from 215 examples on, the linear model has
81.2 → 87.5 → 89.9 → 92.0 → 92.8 %, the net 83.2 → 90.0 → 94.8 → 97.2 → 98.4 %.
"""

import dataclasses
import functools
import math

from dl_core import config, launch
from dl_core.lessons.training import scaling
from dl_core.types import Picture, UserError
from experiments import mlp

CLASSES = 10


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = 'shifted_digits'
  size: int = config.field(
    10, 'height and width to which images are scaled, in pixels', low=1
  )
  sizes: tuple[int, ...] = config.field(
    (175, 700, 2_800, 0), 'sizes of the training set to compare; 0: all examples', low=0
  )
  hidden: tuple[int, ...] = config.field(
    (256, 256), 'units of each hidden layer of the net', low=1, empty=True
  )
  svm_most: int = config.field(
    14_000, 'largest training set that the support vector machine is fit to', low=0
  )
  seeds: int = 3
  learning_rate: float = config.field(2e-3, 'peak learning rate of the net', above=0)
  linear_rate: float = config.field(
    0.1, 'peak learning rate of the linear model', above=0
  )
  eval_every: int = 500


RECIPES = {
  'digits': {'size': 8, 'sizes': (20, 80, 315, 0), 'linear_rate': 0.03},
  'mnist': {
    'size': 28,
    'sizes': (215, 860, 3_437, 13_750, 0),
    'steps': 6_000,
    'linear_rate': 3e-3,  # at 0.1 it learns its examples by heart
  },
}
TINY = Config(steps=2, batch_size=8, hidden=(8,), size=8, sizes=(16,), seeds=1)


def study(c: Config) -> launch.Study:
  if any(0 < size < CLASSES for size in c.sizes):
    raise UserError(
      f'--sizes={config.stored(c.sizes)} was given, but a size is 0, for all examples, '
      f'or at least {CLASSES}, so that there is one of each digit; give such sizes'
    )
  runs, same = {}, config.shared(c, 'hidden', 'size')
  for size in sorted(set(c.sizes), key=lambda size: size or math.inf):
    batch_size = min(c.batch_size, size or c.batch_size)
    net = mlp.Config(**same | {'train_size': size, 'batch_size': batch_size})
    linear = dataclasses.replace(net, hidden=(), learning_rate=c.linear_rate)
    runs[f'linear-{size or "all"}'] = mlp, linear
    runs[f'net-{size or "all"}'] = mlp, net
  return launch.Study(runs, functools.partial(draw, c.svm_most))


def draw(svm_most: int, results) -> list[Picture]:
  """Draws the accuracies of all learners side by side."""
  sweeps: dict[str, dict] = {'linear': {}, 'net': {}}
  sets = {}
  for label, runs in results.items():
    data = runs[0].experiment.data
    size = len(scaling.rows(data, 'train')[0])
    sets[size] = data
    sweeps[label.partition('-')[0]][size] = runs
  found = {learner: scaling.of_runs(sweep) for learner, sweep in sweeps.items()}
  found['svm'] = scaling.of_machine(sets, svm_most)
  return [scaling.picture(found, data.spec.source)]


if __name__ == '__main__':
  launch.main(__name__)
