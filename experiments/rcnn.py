"""R-CNN: a network looks at every proposed region by itself. Lecture 7.

    python -m experiments.rcnn                       # digits in cluttered scenes
    python -m experiments.rcnn --judge=svm           # and the paper's second stage
    python -m experiments.rcnn --workdir=runs/rcnn-... --predict=FILE.png

Girshick et al. 2014 (https://arxiv.org/abs/1311.2524): selective search proposes
regions, each is cut out with some context, warped to a square, whatever its ratio, and
classified. As the lecture shows it, one network says the class and moves the box.
`map` is VOC's area under the curve at an overlap of one half.
"""

import dataclasses

from dl_core import config, interpret, launch
from dl_core.interpret import detections
from dl_core.launch.families import detector_recipes, detectors
from dl_core.tasks.detection import Crop, System
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(detectors.Searching):
  crop: int = config.field(
    56, 'height and width that a region is warped to, in pixels', low=8
  )
  context: int = config.field(
    4, 'pixels of --crop on each side that show the surroundings of the region', low=0
  )
  judge: str = config.field(
    'softmax',
    'what scores a region: softmax, of the network; or svm, which also fits linear '
    'support vector machines on its features after training, and reports both',
    choices=('softmax', 'svm'),
  )
  svm_images: int = config.field(
    512, 'number of training images that --judge=svm fits its machines on', low=1
  )
  regions: int = 16


RECIPES = detector_recipes.SEARCHED
TINY = Config(
  steps=2, batch_size=8, image_size=(32, 32), widths=(4, 4), units=8, bins=2, regions=8,
  warmup=0, proposals=8, train_size=64, crop=16, context=1,
)  # fmt: skip
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  if 2 * c.context >= c.crop:
    raise UserError(
      f'--context={c.context} was given with --crop={c.crop}, which leaves no pixel '
      f'for the region; give --context={(c.crop - 1) // 2} or less'
    )
  data = detectors.load(c)
  model = detectors.network(c, len(data.spec.classes))
  crop = Crop(c.crop, c.context)
  system = System(model, detectors.backbone(c).stride, detectors.judging(c), crop=crop)
  made = detectors.experiment(
    c, data, system, {'Girshick et al. 2014, AlexNet': 0.585, 'VGG16': 0.660}
  )
  if c.judge == 'softmax':
    return made
  machines = detections.machine_scores(system, c.svm_images)
  assert made.scores, 'a detector has scores'
  return made._replace(scores=interpret.gather(made.scores, machines))


if __name__ == '__main__':
  launch.main(__name__)
