"""Positions: as in the paper, learned, and none at all. Lecture 9.

    python -m experiments.positions                # three runs of transformer
    python -m experiments.positions --longest=25 --steps=3000

Random letters are to be written again. Attention sees a set of tokens, so without
positions it knows which letters there were and not in which order.
"""

import dataclasses

from dl_core import config, launch
from dl_core.lessons.networks import order
from experiments import transformer


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'copies', 'data set: letters to copy, computed', choices=('copies',)
  )
  longest: int = config.field(13, 'most tokens of a text, with the stop token', low=3)
  steps: int = 1_000
  batch_size: int = 64
  learning_rate: float = 3e-3
  eval_every: int = 250


TINY = Config(steps=2, batch_size=8, longest=4, eval_every=1)


def study(c: Config) -> launch.Study:
  same = config.shared(c) | {'longest': (c.longest,), 'widths': ()}
  runs = {
    kind: (
      transformer,
      transformer.Config(
        **same, positions=kind, dropout=0.0, smoothing=0.0, warmup=200
      ),
    )
    for kind in order.COLOURS
  }
  return launch.Study(runs, order.pictures)


if __name__ == '__main__':
  launch.main(__name__)
