"""Does attention make captions more precise? By the number of digits. Lecture 9.

    python -m experiments.caption_attention          # captioning with and without it

The lecture's table says so. Here both describe the same scenes, from three seeds each:
from the image as one vector, or from a map that is looked at before each word. What
grows with the number of digits is how much the vector must hold.
"""

import dataclasses

from dl_core import config, launch
from dl_core.lessons.scenes import attention
from experiments import captioning


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'scenes', 'name of the data set', choices=('scenes',), group='data'
  )
  hidden: int = config.field(128, 'units of the recurrent layer', low=1)
  seeds: int = 3
  steps: int = 1_200
  learning_rate: float = 7e-4
  eval_every: int = 400


TINY = Config(steps=2, batch_size=8, hidden=8, seeds=1)


def study(c: Config) -> launch.Study:
  vector = captioning.Config(**config.shared(c, 'hidden'))
  attending = dataclasses.replace(vector, attention=True)
  return launch.Study(
    {'vector': (captioning, vector), 'attention': (captioning, attending)},
    attention.pictures,
  )


if __name__ == '__main__':
  launch.main(__name__)
