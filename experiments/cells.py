"""LSTM, GRU and plain recurrent cell on the same text, compared. Lecture 9.

    python -m experiments.cells                 # three runs of char_lm, two minutes
    python -m experiments.cells --seeds=3       # each with three seeds

All three have as many units; so an LSTM has about four times the parameters of the
plain cell and a GRU three times. Gates are what they differ in: the plain cell
multiplies its whole state by a matrix at every step, the others carry it on by a gate
of each unit.
"""

import dataclasses

from dl_core import config, launch
from dl_core.interpret import writing
from experiments import char_lm


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = 'python_docs'
  hidden: int = config.field(128, 'units of each recurrent layer', low=1)
  layers: int = config.field(1, 'number of recurrent layers', low=1)
  steps: int = 600
  batch_size: int = 32
  learning_rate: float = 4e-3


TINY = Config(steps=2, batch_size=8, hidden=8)


def study(c: Config) -> launch.Study:
  return launch.Study(
    runs={
      cell: (char_lm, char_lm.Config(**config.shared(c, 'hidden', 'layers'), cell=cell))
      for cell in ('lstm', 'gru', 'rnn')
    },
    draw=draw,
  )


def draw(runs):
  """Draws the text that each cell generates in the end."""
  return [
    writing.picture(label, run.observed[max(run.observed)], run.experiment.data.write)
    for label, (run, *_) in runs.items()
  ]


if __name__ == '__main__':
  launch.main(__name__)
