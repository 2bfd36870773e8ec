"""Backpropagation through time by hand; gradients that vanish or explode. Lecture 8.

    python -m experiments.bptt                  # four pictures
    python -m experiments.bptt --draws=100      # more random networks

dl_core/lessons/recurrent/by_hand.py is the lecture's algorithm as it stands on the
board, the sum over k of products included, and lstm_by_hand.py that of an LSTM: both
equal jax.grad to 1e-10 in float64. Drawn are the differences; the norm of the
derivative of the last state by an earlier one, for spectral radii of 0.5, 0.9, 1 and
1.1; the error of truncated backpropagation by its window; and descent with and without
clipping.
"""

import dataclasses

import numpy as np

from dl_core import config, launch
from dl_core.lessons.recurrent import agreement, clipping, vanishing
from dl_core.types import Picture


@dataclasses.dataclass(frozen=True)
class Config(config.Drawing):
  draws: int = config.field(
    20, 'number of random networks of each kind', low=1, below=10_000
  )
  steps: int = config.field(
    300, 'training steps with and without clipping', low=1, below=100_000
  )


TINY = Config(draws=2, steps=2)


def draw(c: Config) -> list[Picture]:
  """Draws the gradients by hand, their norms, truncation and clipping."""
  random = np.random.default_rng(c.seed)
  return [
    agreement.picture(agreement.measure(random, c.draws)),
    vanishing.picture(vanishing.measure(random, c.draws)),
    vanishing.truncation(random, c.draws),
    clipping.picture(clipping.learn(c.seed, c.draws, c.steps)),
  ]


if __name__ == '__main__':
  launch.main(__name__)
