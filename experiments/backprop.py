"""Backpropagation by hand, layer by layer, held against jax.grad. Lecture 4.

    python -m experiments.backprop                   # four pictures, 6 s
    python -m experiments.backprop --networks=10000  # more random networks

dl_core/lessons/networks/backprop.py is the lecture's algorithm as it stands on the
board: z and a forward, δ = (Wᵀδ)∘f'(z) backward from δ = p - y, and dL/dW = δ·aᵀ. Drawn
are one example on a network of 2, 2 and 1 units with all of its numbers; the difference
from jax.grad, under 1e-6 in float32, of thousands of random networks; and 50 random
starts on XOR, all of which the hand-written pass trains to four rows of four.
"""

import dataclasses

import numpy as np

from dl_core import config, launch
from dl_core.lessons.networks import agreement, learning, worked
from dl_core.types import Picture


@dataclasses.dataclass(frozen=True)
class Config(config.Drawing):
  networks: int = config.field(
    1_000, 'number of random networks of each kind', low=1, below=10**6
  )
  starts: int = config.field(50, 'number of random starts on XOR', low=1, below=10_000)
  hidden: int = config.field(8, 'hidden units on XOR', low=1, below=10_000)
  steps: int = config.field(500, 'training steps on XOR', low=1, below=100_000)
  learning_rate: float = config.field(
    0.5, 'learning rate on XOR and in the worked example', above=0
  )


TINY = Config(networks=8, starts=2, hidden=2, steps=2)


def draw(c: Config) -> list[Picture]:
  """Draws the worked example, the comparison and the training."""
  random = np.random.default_rng(c.seed)
  found = agreement.measure(random, c.networks)
  learned = learning.learn(random, c.starts, c.hidden, c.steps, c.learning_rate)
  return [
    *worked.pictures(c.learning_rate),
    agreement.picture(found, c.networks),
    learning.picture(learned),
  ]


if __name__ == '__main__':
  launch.main(__name__)
