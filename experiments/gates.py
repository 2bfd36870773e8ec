"""The gates of an LSTM: keep, forget, and let gradients through. Lecture 9.

    python -m experiments.gates                  # three pictures
    python -m experiments.gates --seed=1

f = 1 keeps a cell exactly and f = 0 drops it; the derivative along the cell is the
product of the forget gates, so it vanishes too unless they are open; and a trained LSTM
opens its forget gates to remember.
"""

import dataclasses

from dl_core import config, launch
from dl_core.lessons.recurrent import memory_cell, opened
from dl_core.types import Picture


@dataclasses.dataclass(frozen=True)
class Config(config.Drawing):
  steps: int = config.field(
    600, 'training steps of the LSTM on the adding problem', low=1, below=100_000
  )


TINY = Config(steps=2)


def draw(c: Config) -> list[Picture]:
  """Draws what gates keep, what they pass back, and what they learn to do."""
  return [
    memory_cell.kept(c.seed),
    memory_cell.path(c.seed),
    opened.picture(c.seed, c.steps),
  ]


if __name__ == '__main__':
  launch.main(__name__)
