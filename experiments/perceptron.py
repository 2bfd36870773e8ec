"""The perceptron on logic gates (Rosenblatt, 1958). Lecture 4.

    python -m experiments.perceptron --gate=and         # or, nand: no errors at last
    python -m experiments.perceptron --gate=xor         # errs for ever
    python -m experiments.perceptron --dataset=points   # 100 separable points

The rule w += η·y·x on every mistake is SGD with batches of one on the perceptron loss;
y·f = 0 counts as a mistake. The other form of the rule, w += η·(y - ŷ)·x, takes steps
twice as long for labels and answers of ±1 and the same ones for 0 and 1 (the lectures
mix the two); the report replays it beside the first. The four rows of a gate are train,
validation and test alike. Ends in seconds.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import toys
from dl_core.launch.families import calls
from dl_core.lessons.boundaries import separation
from dl_core.models import perceptron
from dl_core.tasks import measures


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'gate',
    'data set: a truth table (gate), or 100 separable points',
    choices=('gate', 'points'),
  )
  gate: str = config.field('and', 'truth table to learn', choices=tuple(toys.GATES))
  steps: int = 200
  batch_size: int = config.field(
    1, 'examples per step; the rule takes one at a time', low=1, below=2
  )
  learning_rate: float = 1.0
  eval_every: int = 4
  until: str = 'accuracy:1'


RECIPES = {'points': {'steps': 4_000, 'eval_every': 100}}
TINY = Config(steps=2)
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  gate = toys.gate_data(c.gate, c.batch_size)
  data = gate if c.dataset == 'gate' else toys.points_data(c.batch_size)
  model = perceptron.Perceptron()
  return launch.Experiment(
    config=c,
    steps_per_call=calls.LINEAR,
    task=tasks.supervised(
      model, loss=measures.perceptron_loss, accuracy=measures.sign_accuracy
    ),
    optimizers=(optax.sgd(c.learning_rate),),
    data=data,
    observe=separation.observe,
    report=separation.report(c.learning_rate),
  )


if __name__ == '__main__':
  launch.main(__name__)
