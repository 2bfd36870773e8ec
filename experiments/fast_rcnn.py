"""Fast R-CNN: the maps of an image once, its regions pooled from them. Lecture 7.

    python -m experiments.fast_rcnn                  # digits in cluttered scenes
    python -m experiments.fast_rcnn --search=fast --proposals=256
    python -m experiments.fast_rcnn --trunk=vgg16 --plan # 134,485,879 parameters
    python -m experiments.fast_rcnn --workdir=runs/fast_rcnn-... --predict=FILE.png

Girshick 2015 (https://arxiv.org/abs/1504.08083): selective search proposes regions, a
network computes the maps of the whole image, and each region is pooled from them,
classified and moved. The search takes longer than the network. Its proposals are kept
beside the set. `map` is VOC's area under the curve at an overlap of one half.
"""

import dataclasses

from dl_core import launch
from dl_core.launch.families import detector_recipes, detectors
from dl_core.tasks.detection import System


@dataclasses.dataclass(frozen=True)
class Config(detectors.Searching):
  steps: int = 1_400


RECIPES = detector_recipes.SEARCHED
TINY = Config(
  steps=2, batch_size=8, image_size=(32, 32), widths=(4, 4), units=8, bins=2, regions=8,
  warmup=0, proposals=8, train_size=64,
)  # fmt: skip
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  data = detectors.load(c)
  model = detectors.network(c, len(data.spec.classes))
  system = System(model, detectors.backbone(c).stride, detectors.judging(c))
  return detectors.experiment(
    c, data, system, {'Girshick 2015, VGG16': 0.669, 'trained on VOC 2012, too': 0.700}
  )


if __name__ == '__main__':
  launch.main(__name__)
