"""Full batch, mini-batch, one example at a time: memory, noise, escape. Lecture 4.

    python -m experiments.batch_vs_sgd                    # four pictures, 7 s
    python -m experiments.batch_vs_sgd --batch_size=4     # noisier mini-batches

The same gradient descent, at the same rate, on a mean of losses with a poor and a good
minimum. From around the poor one, of 200 seeds none escapes with all 256 examples at
once, a good third do with eight at a time, all with one. The noise that does it goes
with 1/√B, the memory of a step with B. Noise that throws a path out of the poor minimum
throws it out of the good one too: with one example at a time three in ten seeds are
back on the other side in the end, and none is at rest.
"""

import dataclasses

import jax
import numpy as np

from dl_core import config, launch
from dl_core.lessons.networks import memory, noise, wells
from dl_core.types import Picture, UserError


@dataclasses.dataclass(frozen=True)
class Config(config.Drawing):
  examples: int = config.field(
    256, 'number of examples whose losses are averaged', low=3, below=100_000
  )
  batch_size: int = config.field(8, 'examples of a mini-batch', low=2)
  steps: int = config.field(
    2_000, 'steps of gradient descent along each path', low=1, below=1_000_000
  )
  learning_rate: float = config.field(0.05, 'learning rate of every path', above=0)
  paths: int = config.field(
    200, 'number of paths, one per seed, for each batch size', low=1, below=10_000
  )
  draws: int = config.field(
    4_000, 'number of batches whose gradients are measured', low=2, below=10**6
  )

  def __post_init__(self):
    super().__post_init__()
    if self.batch_size >= self.examples:
      raise UserError(
        f'--batch_size={self.batch_size} was given with --examples={self.examples}, '
        'but a mini-batch has fewer examples than the whole; give a smaller one'
      )


TINY = Config(examples=16, steps=2, batch_size=8, paths=4, draws=16)


def draw(c: Config) -> list[Picture]:
  """Draws the paths, the escapes, the noise and the memory."""
  random, key = np.random.default_rng(c.seed), jax.random.key(c.seed)
  tilts = wells.noise(random, c.examples)
  sizes = {'paths': c.paths, 'steps': c.steps}
  walks = {
    batch: np.asarray(wells.descend(key, tilts, c.learning_rate, batch=batch, **sizes))
    for batch in (c.examples, c.batch_size, 1)
  }
  return [
    *wells.pictures(walks, tilts),
    noise.picture(noise.measure(random, tilts, c.draws), c.draws),
    memory.picture(memory.measure()),
  ]


if __name__ == '__main__':
  launch.main(__name__)
