"""Adds two marked numbers of a long sequence, which takes memory. Lecture 9.

    python -m experiments.adding_problem                   # an LSTM, T = 100
    python -m experiments.adding_problem --cell=gru
    python -m experiments.adding_problem --cell=rnn        # stays at 1/6
    python -m experiments.adding_problem --cell=rnn --steps=3000   # begins to learn
    python -m experiments.long_dependencies                # all three, side by side

Numbers are uniform in [0, 1), one is marked in each half, and their sum is wanted after
the last step (dl_core/data/adding.py). The best constant answer has a mean squared
error of 1/6, and the plateau at 1/6 is long: what has to be learned is to remember.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import adding
from dl_core.launch.families import calls
from dl_core.layers import sequences
from dl_core.lessons.recurrent import reach
from dl_core.models import recurrent_regressor
from dl_core.tasks import measures


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'adding', 'data set: the adding problem, computed', choices=('adding',)
  )
  cell: str = config.field(
    'lstm', 'kind of recurrent cell', choices=tuple(sequences.CELLS)
  )
  layers: int = config.field(1, 'number of recurrent layers', low=1)
  hidden: int = config.field(64, 'units of each recurrent layer', low=1)
  length: int = config.field(100, 'steps of each sequence', low=2)
  steps: int = 1_500
  batch_size: int = 64
  learning_rate: float = 4e-3
  eval_every: int = 100


GATED = ('lstm', 'gru')
TINY = Config(steps=2, batch_size=8, hidden=8, length=6, learning_rate=0.02)
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  model = recurrent_regressor.RecurrentRegressor(c.cell, c.layers, c.hidden)
  task = tasks.supervised(
    model,
    measures.squared_error,
    mse=measures.square,
    absolute_error=measures.absolute_error,
  )
  return launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL,
    task=task,
    optimizers=(
      optax.chain(optax.clip_by_global_norm(1.0), optax.adam(c.learning_rate)),
    ),
    data=adding.data(c.length, c.batch_size),
    report=reach.report(task, c.cell in GATED),
    partition=recurrent_regressor.PARTITION,
  )


if __name__ == '__main__':
  launch.main(__name__)
