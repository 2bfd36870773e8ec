"""Activations, output losses, and the gradient that vanishes with depth. Lecture 4.

    python -m experiments.activations                  # four pictures, 10 s
    python -m experiments.activations --layers=40      # a deeper stack

Draws step, identity, sigmoid, softmax, tanh and ReLU with their derivatives; the three
pairings of an output with a loss whose gradient is p - y; and, of Lecture 5, the norm
of δ per layer of deep stacks. Through 19 orthogonal sigmoid layers arrives 1e-12 of an
error, through as many of tanh 0.19. Nothing is trained.
"""

import dataclasses

import numpy as np

from dl_core import config, launch
from dl_core.lessons.networks import activations, depth, outputs, softmax
from dl_core.types import Picture


@dataclasses.dataclass(frozen=True)
class Config(config.Drawing):
  draws: int = config.field(
    1_000, 'random inputs on which each identity is checked', low=1, below=10**6
  )
  networks: int = config.field(
    20, 'number of random stacks of each kind to measure', low=1, below=10_000
  )
  layers: int = config.field(20, 'layers of a stack', low=2, below=200)
  hidden: int = config.field(64, 'units of each layer of a stack', low=1, below=2_000)


TINY = Config(draws=8, networks=2, layers=3, hidden=8)


def draw(c: Config) -> list[Picture]:
  """Draws the functions, the output losses and the stacks."""
  random = np.random.default_rng(c.seed)
  return [
    activations.picture(),
    softmax.picture(random, c.draws),
    outputs.picture(random, c.draws),
    depth.picture(depth.measure(random, c.networks, c.layers, c.hidden)),
  ]


if __name__ == '__main__':
  launch.main(__name__)
