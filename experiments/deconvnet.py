"""DeconvNet: unpooling puts values back where the maxima were. Lecture 7.

    python -m experiments.deconvnet                  # digits in scenes
    python -m experiments.deconvnet --places=corner  # unpooling to a fixed place
    python -m experiments.deconvnet --dataset=folder --data_dir=DIR --size=96
    python -m experiments.deconvnet --workdir=runs/deconvnet-... --predict=FILE.png
    python -m experiments.deconvnet --depths=2,2,3,3,3 --width=64 --hidden=0 --side=0 \\
      --size=224 --classes=21 --plan                 # 251,805,653 parameters

Noh, Hong & Han 2015 (https://arxiv.org/abs/1505.04366). The last command is the network
of the paper: `--init_from=vgg16_bn-6c64b313.pth` begins from torchvision's classifier.
"""

import dataclasses

from dl_core import config, launch, tasks
from dl_core.launch.families import segmenting
from dl_core.models import deconvnet
from dl_core.models.weights import fcn as names
from dl_core.models.weights import files
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(segmenting.Config):
  depths: tuple[int, ...] = config.field(
    (1, 2, 2, 2), 'convolutions of each stage; every stage ends in pooling', low=1
  )
  width: int = config.field(12, 'channels of the first stage; 64 in the paper', low=1)
  hidden: int = config.field(
    96,
    'channels of the two layers between encoder and decoder; 0: 64 times the width',
    low=0,
  )
  side: int = config.field(
    3,
    'sides of the kernels into these layers and out of them; 0: those of the whole '
    'map, as in the paper',
    low=0,
  )
  places: str = config.field(
    'stored',
    'where unpooling puts a value: where the maximum was (stored), or in the upper '
    'left corner of its window',
    choices=deconvnet.PLACES,
  )
  steps: int = 1_500


RECIPES = segmenting.RECIPES
TINY = Config(
  steps=2,
  batch_size=8,
  dataset='digits',
  size=16,
  depths=(1, 1),
  width=2,
  hidden=4,
  warmup=0,
  learning_rate=0.02,
)
BENCH = Config(
  depths=deconvnet.DEPTHS, width=16, hidden=0, side=0, size=96, batch_size=8
)


def build(c: Config) -> launch.Experiment:
  halved = 2 ** len(c.depths)
  for flag, side in (('size', c.size), ('crop', c.crop)):
    if side % halved:
      near = ' or '.join(
        str(halved * n) for n in (side // halved, side // halved + 1) if n
      )
      raise UserError(
        f'--{flag}={side} was given, which {len(c.depths)} stages cannot halve one '
        f'after another; give {near}'
      )
  data = segmenting.load(c)
  model = deconvnet.DeconvNet(
    len(data.spec.classes), c.depths, c.width, c.hidden, c.side, c.places
  )
  return segmenting.experiment(
    c,
    data,
    tasks.segmentation(model),
    names=names.names(model),
    taken=names.parts(model) if files.named(c.init_from) else (),
    published=(
      launch.Figure('iou', 0.696, 'voc2012', 'Noh et al. 2015, two stages, test'),
    ),
  )


if __name__ == '__main__':
  launch.main(__name__)
