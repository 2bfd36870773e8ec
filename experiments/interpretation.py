"""What does a network see? Filters, maps, neighbours, checked on scenes. Lecture 7.

    python -m experiments.interpretation             # trains a classifier and asks it
    python -m experiments.interpretation --seed=1

A network learns from labels alone which digit is in a cluttered scene. The data also
hold the box of the digit, so each method that shows where a network finds its evidence
can be checked against it: class activation maps (Zhou et al. 2016,
https://arxiv.org/abs/1512.04150), occlusion (Zeiler & Fergus 2014,
https://arxiv.org/abs/1311.2901) and saliency (Simonyan et al. 2014,
https://arxiv.org/abs/1312.6034). Filters, activation maps, nearest neighbours, PCA and
t-SNE (van der Maaten & Hinton 2008) are drawn and checked, too.
"""

import dataclasses
import functools

from dl_core import config, launch
from dl_core.lessons.seeing import found, inside, near, places
from dl_core.types import Picture
from experiments import scene_classifier

MIDDLE = ('stage_2', 'convolution', 'kernel')


@dataclasses.dataclass(frozen=True)
class Config(scene_classifier.Config):
  images: int = config.field(
    256, 'number of test images, read right, of which maps are made', low=8
  )
  points: int = config.field(
    512, 'number of test images that PCA and t-SNE draw', low=8, below=5_001
  )


TINY = Config(
  steps=2, batch_size=8, image_size=16, widths=(4, 4), halving=2, shift=1, images=8,
  points=32,
)  # fmt: skip


def study(c: Config) -> launch.Study:
  own = [entry.name for entry in dataclasses.fields(scene_classifier.Config)]
  settings = {name: getattr(c, name) for name in own}
  runs = {'scene_classifier': (scene_classifier, scene_classifier.Config(**settings))}
  return launch.Study(runs, functools.partial(draw, c))


def draw(c: Config, results) -> list[Picture]:
  """Asks the first run everything, and draws the answers."""
  run = results['scene_classifier'][0]
  experiment, variables = run.experiment, run.variables()
  classes = len(experiment.data.spec.classes)
  model = scene_classifier.network(experiment.config, classes)
  net = found.network(experiment, model, variables, c.images)
  before = run.observed[min(run.observed)]['filters']
  mapped = near.mapped(experiment, net, c.points)
  return [
    *inside.pictures(net, scene_classifier.FIRST, MIDDLE, before),
    near.neighbours_picture(near.neighbourhoods(experiment, net), net.names),
    near.map_picture(mapped, net.names),
    *places.pictures(net, found.places(net, c.seed)),
  ]


if __name__ == '__main__':
  launch.main(__name__)
