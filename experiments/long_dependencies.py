"""LSTM, GRU and plain RNN on the adding problem, side by side. Lecture 9.

    python -m experiments.long_dependencies                        # three runs
    python -m experiments.long_dependencies --lengths=100,200,400
    python -m experiments.long_dependencies --cells=rnn --steps=3000

The same number of steps for all. "Does not learn" is said of these steps: a tanh RNN
that starts orthogonal may leave the plateau at 1/6 later.
"""

import dataclasses
import functools

from dl_core import config, launch
from dl_core.layers import sequences
from dl_core.lessons.recurrent import dependencies
from experiments import adding_problem


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'adding', 'data set: the adding problem, computed', choices=('adding',)
  )
  cells: tuple[str, ...] = config.field(
    ('lstm', 'gru', 'rnn'),
    'kinds of recurrent cells to compare',
    choices=tuple(sequences.CELLS),
  )
  lengths: tuple[int, ...] = config.field(
    (100,), 'numbers of steps of the sequences', low=2
  )
  hidden: int = config.field(64, 'units of each recurrent layer', low=1)
  steps: int = 1_500
  learning_rate: float = 4e-3


TINY = Config(steps=2, batch_size=8, hidden=8, lengths=(6,))


def study(c: Config) -> launch.Study:
  same = config.shared(c, 'hidden')
  runs = {
    f'{cell}-{length}': (
      adding_problem,
      adding_problem.Config(**same, cell=cell, length=length),
    )
    for length in c.lengths
    for cell in c.cells
  }
  draw = functools.partial(dependencies.pictures, c.lengths, c.cells)
  return launch.Study(runs, draw)


if __name__ == '__main__':
  launch.main(__name__)
