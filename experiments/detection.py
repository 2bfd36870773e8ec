"""R-CNN, Fast R-CNN, Faster R-CNN: the same scenes, three prices. Lecture 7.

    python -m experiments.detection                  # trains all three, and times them
    python -m experiments.detection --seeds=3

The three systems have the same trunk, see the same scenes and judge as many regions.
The study measures their precision, the operations of their networks, and the time of an
image, separately for proposals and network.
"""

import dataclasses
import functools

from dl_core import launch
from dl_core.data import proposals
from dl_core.launch.families import detectors
from dl_core.lessons.detecting import ladder
from dl_core.types import Picture
from experiments import fast_rcnn, faster_rcnn, rcnn


@dataclasses.dataclass(frozen=True)
class Config(detectors.Searching):
  regions: int = 16
  steps: int = 700
  eval_every: int = 350


TINY = Config(
  steps=2, batch_size=8, image_size=(32, 32), widths=(4, 4), units=8, bins=2, regions=8,
  warmup=0, proposals=8, train_size=64,
)  # fmt: skip


def study(c: Config) -> launch.Study:
  shared = {each.name: getattr(c, each.name) for each in dataclasses.fields(c)}
  own = {name: value for name, value in shared.items() if name != 'search'}
  runs = {
    'rcnn': (rcnn, rcnn.Config(**shared)),
    'fast_rcnn': (fast_rcnn, fast_rcnn.Config(**shared)),
    'faster_rcnn': (faster_rcnn, faster_rcnn.Config(**own)),
  }
  return launch.Study(runs, functools.partial(draw, c))


def draw(c: Config, results) -> list[Picture]:
  return ladder.pictures(results, proposals.Searched(c.search, c.proposals))


if __name__ == '__main__':
  launch.main(__name__)
