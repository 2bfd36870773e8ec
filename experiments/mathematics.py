"""Linear algebra, probability and information theory, drawn and checked. Lecture 2.

    python -m experiments.mathematics                 # thirteen pictures, 12 s
    python -m experiments.mathematics --seed=1        # other matrices, tables, throws
    python -m experiments.mathematics --samples=16384 # Monte Carlo goes on for longer

Nothing is trained. Every identity of the lecture is computed on random matrices, tables
and samples and has to hold to 1e-6, or as closely as chance allows. Its table of
distributions has "0 <= P(x) <= 10" for a probability; it is 1.
"""

import dataclasses

from dl_core import config, launch
from dl_core.lessons.mathematics import (
  algebra,
  asymmetry,
  bayes,
  chance,
  covariance,
  plane,
  samples,
  surprise,
)
from dl_core.types import Picture


@dataclasses.dataclass(frozen=True)
class Config(config.Drawing):
  draws: int = config.field(
    200, 'random cases on which each claim is checked', low=8, below=10_000
  )
  samples: int = config.field(
    4_096, 'random numbers drawn in each case', low=64, below=10**6
  )


TINY = Config(draws=8, samples=64)


def draw(c: Config) -> list[Picture]:
  """Returns the pictures in the order of the lecture."""
  return [
    *plane.pictures(c.seed, c.draws),
    *algebra.pictures(c.seed, c.draws),
    *chance.pictures(c.seed, c.draws),
    *bayes.pictures(c.seed, c.draws, c.samples),
    *covariance.pictures(c.seed, c.draws, c.samples),
    *samples.pictures(c.seed, c.draws, c.samples),
    *surprise.pictures(c.seed, c.draws),
    *asymmetry.pictures(c.seed, c.draws),
  ]


if __name__ == '__main__':
  launch.main(__name__)
