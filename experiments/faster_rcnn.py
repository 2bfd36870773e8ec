"""Faster R-CNN: a network that proposes regions and judges them. Lecture 7.

    python -m experiments.faster_rcnn                # digits in scenes: mAP 93 %
    python -m experiments.faster_rcnn --workdir=runs/faster_rcnn-... --predict=FILE.png
    python -m experiments.faster_rcnn --dataset=bccd --data_dir=DIR    # blood cells
    python -m experiments.faster_rcnn --dataset=folder --data_dir=DIR  # laid out as VOC
    python -m experiments.faster_rcnn --trunk=vgg16 --anchors=128,256,512 \\
      --rpn_width=512 --rpn_logits=2 --plan          # 136,873,389 parameters
    python -m experiments.faster_rcnn --dataset=voc --plan   # needs no VOC
    python -m experiments.faster_rcnn --trunk=resnet50 --frozen=2 --dataset=voc \\
      --init_from=resnet50-0676ba61.pth --data_dir=DIR

Ren, He, Girshick & Sun 2015 (https://arxiv.org/abs/1506.01497): anchors at every place
of the maps are scored and moved by a small network; the best are pooled from the same
maps, classified and moved again. `map` is VOC's area under the curve at an overlap of
one half, `map75` at three quarters, `map_coco` COCO's mean over ten overlaps.
"""

import dataclasses

from dl_core import config, interpret, launch
from dl_core.interpret import anchored
from dl_core.launch.families import detector_recipes, detectors
from dl_core.models import rcnn
from dl_core.tasks.detection import System
from dl_core.tasks.proposals import Proposing


@dataclasses.dataclass(frozen=True)
class Config(detectors.Config):
  anchors: tuple[float, ...] = config.field(
    (20, 30, 42), 'sizes of the anchors, the square roots of their areas, in pixels',
    above=0,
  )  # fmt: skip
  ratios: tuple[float, ...] = config.field(
    (0.5, 1, 2), 'ratios of the anchors, heights divided by widths', above=0
  )
  rpn_width: int = config.field(
    64, 'channels of the convolution that proposes regions', low=1
  )
  rpn_logits: int = config.field(
    1, 'logits of an anchor: 1, of a sigmoid; 2, of a softmax', low=1, below=3
  )
  rpn_sampled: int = config.field(
    64, 'number of anchors of an image that a training step samples', low=2
  )
  before: int = config.field(
    256, 'number of proposals that enter non-maximum suppression', low=1
  )
  proposals: int = config.field(
    64, 'maximum number of proposals after non-maximum suppression', low=1
  )


RECIPES = {
  'folder': detector_recipes.FOLDER,
  'bccd': detector_recipes.BCCD
  | {'anchors': (20, 50, 100), 'rpn_sampled': 128, 'before': 512, 'proposals': 128},
  'voc': detector_recipes.VOC
  | {'anchors': (128, 256, 512), 'rpn_width': 512, 'rpn_logits': 2}
  | {'rpn_sampled': 256, 'before': 6_000, 'proposals': 300},
}
TINY = Config(
  steps=2, batch_size=8, image_size=(32, 32), widths=(4, 4), halving=2, units=8,
  bins=2, anchors=(16,), ratios=(1,), rpn_width=4, rpn_sampled=128, before=64,
  proposals=64, regions=8, warmup=0,
)  # fmt: skip
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  data = detectors.load(c)
  stride = detectors.backbone(c).stride
  anchors = len(c.anchors) * len(c.ratios)
  proposer = rcnn.Proposer(c.rpn_width, anchors, c.rpn_logits)
  model = detectors.network(c, len(data.spec.classes), proposer)
  proposing = Proposing(
    stride,
    c.anchors,
    c.ratios,
    sampled=c.rpn_sampled,
    before=c.before,
    kept=c.proposals,
    tested=c.proposals,
    smallest=stride / 2,
  )
  system = System(model, stride, detectors.judging(c), proposing)
  figures = {'Ren et al. 2015, VGG16': 0.699, 'trained on VOC 2012, too': 0.732}
  made = detectors.experiment(c, data, system, figures)
  assert made.report, 'a detector has a report'
  return made._replace(
    report=interpret.join(made.report, anchored.report(proposing)),
    remarks=anchored.remarks(proposing),
  )


if __name__ == '__main__':
  launch.main(__name__)
