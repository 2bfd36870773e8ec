"""Underfitting, overfitting and Occam's razor: boundaries of growing degree. Lecture 3.

    python -m experiments.capacity                      # 30 runs in 40 s
    python -m experiments.capacity --batch_size=400     # more examples, less to overfit

Runs of experiments/classification on the set `curved`, whose true boundary is a sine
and one in ten of whose labels is wrong: the same few training examples, polynomials of
growing degree. Each seed draws other examples.
"""

import dataclasses

from dl_core import config, launch
from dl_core.lessons.boundaries import capacity
from experiments import classification


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field('curved', 'data set', choices=('curved',))
  degrees: tuple[int, ...] = config.field(
    (1, 2, 3, 5, 8, 12), 'degrees of the polynomials to compare', low=1, below=100
  )
  l2: float = config.field(1e-3, 'L2 penalty: factor of ½Σw² in the loss', low=0)
  seeds: int = 5
  steps: int = 2_000
  batch_size: int = config.field(120, 'number of training examples', low=1, below=2**31)
  learning_rate: float = 1.0
  eval_every: int = 200
  checkpoint_every: int = 2_000


TINY = Config(steps=2, batch_size=8, degrees=(1, 2), seeds=1)


def study(c: Config) -> launch.Study:
  degrees, same = sorted(set(c.degrees)), config.shared(c, 'l2')
  return launch.Study(
    runs={
      f'degree-{degree}': (
        classification,
        classification.Config(**same, degree=degree),
      )
      for degree in degrees
    },
    draw=lambda runs: capacity.pictures(
      {degree: runs[f'degree-{degree}'] for degree in degrees}
    ),
  )


if __name__ == '__main__':
  launch.main(__name__)
