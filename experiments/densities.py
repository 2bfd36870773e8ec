"""One density, three ways: tractable, approximate, implicit. Lecture 12.

    python -m experiments.densities                  # three small models, a minute
    python -m experiments.densities --seed=1

The data are eight Gaussians on a ring, whose density is known. An autoregressive model
computes log p(x), a VAE bounds it, and a GAN (Goodfellow et al. 2014) only draws
samples.
"""

import dataclasses

from dl_core import config, launch
from dl_core.lessons.unsupervised import densities
from dl_core.types import Picture


@dataclasses.dataclass(frozen=True)
class Config(config.Drawing):
  steps: int = config.field(6_000, 'training steps of each model', low=1)
  batch_size: int = config.field(256, 'points per step', low=1)
  samples: int = config.field(4_000, 'points drawn from each model', low=8)


TINY = Config(steps=2, batch_size=8, samples=8)


def draw(c: Config) -> list[Picture]:
  return [densities.picture(densities.learnt(c))]


if __name__ == '__main__':
  launch.main(__name__)
