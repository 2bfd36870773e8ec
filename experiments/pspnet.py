"""PSPNet: means over regions give every pixel the context of its scene. Lecture 7.

    python -m experiments.pspnet                     # digits in scenes
    python -m experiments.pspnet --pyramid=          # without the means
    python -m experiments.pspnet --dataset=folder --data_dir=DIR --size=97
    python -m experiments.pspnet --workdir=runs/pspnet-... --predict=FILE.png
    python -m experiments.pspnet --depths=3,4,6,3 --width=64 --size=473 --classes=21 \\
      --plan                                         # 49,081,578 parameters

Zhao et al. 2017 (https://arxiv.org/abs/1612.01105), as in hszhao/semseg. Their recipe
is `--optimizer=sgd --learning_rate=0.1 --schedule=poly --weight_decay=1e-4 --warmup=0
--batch_size=16 --crop=473`. `--stem=imagenet` has torchvision's first layers:
`--init_from=resnet50-0676ba61.pth` begins from its classifier, whose layers learn at a
tenth of the rate. With `--crop`, evaluation averages overlapping windows
of that size.
"""

import dataclasses

from dl_core import config, launch, tasks
from dl_core.launch.families import segmenting
from dl_core.models import pspnet
from dl_core.models.weights import files
from dl_core.models.weights import pspnet as names
from dl_core.tasks import tiles
from dl_core.types import UserError

VALIDATION = {50: 0.7705, 101: 0.7907}  # of VOC 2012, in hszhao/semseg


@dataclasses.dataclass(frozen=True)
class Config(segmenting.Config):
  depths: tuple[int, ...] = config.field(
    (1, 2, 2, 1), 'blocks of each stage of the ResNet; 3,4,6,3 is ResNet-50', low=1
  )
  width: int = config.field(8, 'channels of the first stage; 64 in the paper', low=1)
  stem: str = config.field(
    'deep',
    'first layers: three convolutions of 3 x 3 (deep), or one of 7 x 7 (imagenet)',
    choices=('deep', 'imagenet'),
  )
  pyramid: tuple[int, ...] = config.field(
    pspnet.PYRAMID,
    'sides of the grids of regions to take means over, as in 1,2,3,6; empty: none',
    low=1, empty=True,
  )  # fmt: skip
  auxiliary: float = config.field(
    0.4, 'weight of the loss of an auxiliary classifier; 0: no such classifier', low=0
  )
  dropout: float = config.field(
    0.1, 'dropout rate of the channels before the last layer', low=0, below=1
  )
  pretrained_rate: float = config.field(
    0.1,
    'learning rate of the layers that --init_from takes from a file, as a share of '
    '--learning_rate',
    above=0,
  )
  steps: int = 1_500


RECIPES = segmenting.RECIPES
TINY = Config(
  steps=2, batch_size=8, dataset='digits', size=16, depths=(1, 1, 1, 1), width=2,
  pyramid=(1, 2), warmup=0,
)  # fmt: skip
BENCH = Config(depths=pspnet.DEPTHS[50], width=16, size=97, batch_size=4)


def build(c: Config) -> launch.Experiment:
  flag, side = ('crop', c.crop) if c.crop else ('size', c.size)
  fitting = pspnet.nearest(side)
  if side not in fitting:
    near = ' or '.join(map(str, fitting))
    raise UserError(
      f'--{flag}={side} was given, which is neither 8n nor 8n + 1; give {near}'
    )
  data = segmenting.load(c)
  model = pspnet.PSPNet(
    len(data.spec.classes), c.depths, c.width, c.stem, c.pyramid, c.auxiliary > 0,
    c.dropout,
  )  # fmt: skip
  see = tiles.sliding(c.crop) if c.crop else tasks.directly
  depth = {depths: number for number, depths in pspnet.DEPTHS.items()}.get(c.depths)
  value = VALIDATION.get(depth or 0) if c.width == 64 else None
  source = 'hszhao/semseg, validation, pretrained'
  return segmenting.experiment(
    c,
    data,
    tasks.segmentation(model, share=c.auxiliary, see=see),
    names=names.names(model) if c.stem == 'imagenet' else None,
    taken=names.parts(model) if files.named(c.init_from) else (),
    share=c.pretrained_rate,
    published=(launch.Figure('iou', value, 'voc2012', source),) if value else (),
  )


if __name__ == '__main__':
  launch.main(__name__)
