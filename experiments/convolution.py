"""What a convolution computes, costs and sees, drawn; what a LeNet's see. Lecture 6.

    python -m experiments.convolution              # eight pictures, 6 s
    python -m experiments.convolution --seeds=3    # of three LeNets

Filters set by hand find lines of their direction, wherever they are; a filter spans all
channels; max-pooling keeps the peak of a thin line. VGG's first layer has 1,792
parameters where a dense one would have 483 billion. Three windows of 3 × 3 see what one
of 7 × 7 sees. A small LeNet is trained, and its layers are asked how far apart the
digits are in each. Last come the winners of ImageNet's challenge beside a human.
"""

import dataclasses
import functools

import numpy as np

from dl_core import config, launch
from dl_core.data import splits
from dl_core.lessons.convolutions import (
  channels,
  costs,
  depths,
  lines,
  pooling,
  receptive,
  winners,
)
from dl_core.types import Picture
from experiments import lenet


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  draws: int = config.field(
    100, 'number of random images and layers', low=1, below=10**5
  )
  stacks: int = config.field(
    6, 'number of random stacks of convolutions', low=1, below=1_000
  )
  channels: int = config.field(
    6, "number of filters of LeNet's first convolution", low=1
  )
  steps: int = 300
  eval_every: int = 300
  learning_rate: float = 2e-3


TINY = Config(steps=2, batch_size=8, channels=2, draws=8, stacks=1)


def study(c: Config) -> launch.Study:
  own = lenet.Config(**config.shared(c, 'channels'))
  return launch.Study({'lenet': (lenet, own)}, functools.partial(draw, c, own))


def draw(c: Config, own: lenet.Config, results) -> list[Picture]:
  """Draws what convolutions compute, then what the trained network sees."""
  random = np.random.default_rng(c.seed)
  runs = results['lenet']
  data = runs[0].experiment.data
  images = splits.examples(data, 'test')[0][..., 0]
  model, _ = lenet.network(own, len(data.spec.classes))
  return [
    lines.picture(lines.measure(random, c.draws)),
    channels.picture(random, c.draws),
    pooling.picture(pooling.measure(random, images, c.draws)),
    costs.picture(),
    receptive.picture(receptive.measure(random, c.stacks, 10 * c.draws)),
    *depths.pictures(depths.look(model, runs)),
    winners.picture(winners.sizes()),
  ]


if __name__ == '__main__':
  launch.main(__name__)
