"""Graphs and their convolutions, computed and drawn. Lecture 10.

    python -m experiments.graphs              # six pictures, 40 s
    python -m experiments.graphs --seed=1     # other graphs

Nothing is trained. Five nodes by hand; why Â and not A; an image as a regular graph;
what a network of graphs cannot tell, whatever its weights; how pooling finds
communities. Social graphs and molecules are those of gcn and molecules; the lecture's
other uses, knowledge graphs and recommending, have no set here.
"""

import dataclasses

import numpy as np

from dl_core import config, launch
from dl_core.lessons.graphs import by_hand, communities, limits, regular, spectrum
from dl_core.types import Picture


@dataclasses.dataclass(frozen=True)
class Config(config.Drawing):
  draws: int = config.field(
    20, 'number of random graphs and images', low=2, below=1_000
  )


TINY = Config(draws=2)


def draw(c: Config) -> list[Picture]:
  """Returns the pictures in the order of the lecture."""
  random = np.random.default_rng(c.seed)
  return [
    by_hand.picture(),
    regular.picture(random, c.draws),
    spectrum.picture(spectrum.measure(random, c.draws)),
    limits.order(random, c.draws),
    limits.picture(),
    communities.picture(random, c.draws),
  ]


if __name__ == '__main__':
  launch.main(__name__)
