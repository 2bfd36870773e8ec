"""What is the rest of a film worth? One direction and both, compared. Lecture 8.

    python -m experiments.both_directions            # two runs of video_frames
    python -m experiments.both_directions --seeds=3

A recurrent network that reads a film from both ends knows the whole film at every
frame; one that reads forward can answer at once. The recurrent layers have equal
parameters in each direction, so both directions have twice as many.
"""

import dataclasses

from dl_core import config, launch
from dl_core.lessons.scenes import directions
from experiments import video_frames


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field(
    'films', 'name of the data set', choices=('films',), group='data'
  )
  hidden: int = config.field(
    64, 'units of the recurrent layer, in each direction', low=1
  )
  steps: int = 800
  batch_size: int = 32
  learning_rate: float = 2e-3
  eval_every: int = 200


TINY = Config(steps=2, batch_size=8, hidden=8)


def study(c: Config) -> launch.Study:
  forward = video_frames.Config(**config.shared(c, 'hidden'))
  both = dataclasses.replace(forward, bidirectional=True)
  return launch.Study(
    {'forward': (video_frames, forward), 'both': (video_frames, both)},
    directions.pictures,
  )


if __name__ == '__main__':
  launch.main(__name__)
