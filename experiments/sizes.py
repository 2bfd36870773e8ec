"""GPT-1 to GPT-3: the block stays and the model grows. Lecture 9.

    python -m experiments.sizes

Layers and parameters of every published size, counted from the shapes of our own
networks; nothing is computed, so the largest needs no memory either.
"""

import dataclasses

from dl_core import config, launch
from dl_core.lessons.networks import sizes


@dataclasses.dataclass(frozen=True)
class Config(config.Drawing):
  pass


TINY = Config()


def draw(c: Config):
  del c
  return sizes.pictures()


if __name__ == '__main__':
  launch.main(__name__)
