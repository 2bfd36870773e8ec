"""U-Net: deep maps hold what is there; shallow ones, joined in, where. Lecture 7.

    python -m experiments.unet                       # digits in scenes
    python -m experiments.unet --dataset=isbi --data_dir=DIR     # membranes, 25 minutes
    python -m experiments.unet --form=paper --levels=3 --dataset=isbi --data_dir=DIR
    python -m experiments.unet --dataset=folder --data_dir=DIR --size=96
    python -m experiments.unet --workdir=runs/unet-... --predict=FILE.png
    python -m experiments.unet --form=paper --levels=5 --width=64 --classes=2 \\
      --channels=1 --size=388 --plan                 # 31,030,658 parameters

Ronneberger, Fischer & Brox 2015 (https://arxiv.org/abs/1505.04597). In the form of the
paper nothing is padded: with five levels the classes of 388 x 388 pixels (`--crop`) are
read from 572 x 572, mirrored beyond the edges of an image, and large images are seen
tile by tile. `--form=padded` has batch norm, and as many pixels go out as come in.
`--separate` weighs the gaps between cells as the paper does.
"""

import dataclasses

from dl_core import config, launch, tasks
from dl_core.data import augment, warps, weight_maps
from dl_core.interpret import cells
from dl_core.launch.families import segmenting
from dl_core.models import unet
from dl_core.tasks import tiles
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(segmenting.Config):
  form: str = config.field(
    'padded',
    'network: paper, without padding; padded, with batch norm; or keras, padded '
    'without batch norm, as in zhixuhao/unet',
    choices=tuple(unet.FORMS),
  )
  levels: int = config.field(4, 'number of levels; 5 in the paper', low=2, below=8)
  width: int = config.field(12, 'channels of the first level; 64 in the paper', low=1)
  bilinear: bool = config.field(
    False, 'upsample bilinearly instead of by transposed convolutions; padded only'
  )
  skips: bool = config.field(True, 'join the maps of the contracting path')
  dropout: float = config.field(
    0.0, 'dropout rate at the end of the contracting path', low=0, below=1
  )
  deform: float = config.field(
    0.0,
    'augmentation: standard deviation of the displacements of an elastic deformation, '
    'in pixels; 10 in the paper; 0: none',
    low=0,
  )
  turn: bool = config.field(False, 'augmentation: rotate and mirror images at random')
  turned: bool = config.field(
    False,
    'in evaluation, average the predictions of the eight rotations and reflections of '
    'an image',
  )
  separate: bool = config.field(
    False, 'weigh pixels of class 0 between close cells more, as in the paper'
  )
  steps: int = 1_000


RECIPES = segmenting.RECIPES | {
  'isbi': {'size': 512, 'crop': 192, 'batch_size': 4, 'steps': 2_500, 'levels': 4}
  | {'width': 16, 'shift': 0, 'recolour': False, 'background': 1.0, 'deform': 10.0}
  | {'turn': True, 'turned': True, 'eval_every': 1_250},
}
TINY = Config(
  steps=2, batch_size=8, dataset='digits', size=16, levels=2, width=2, warmup=0,
  learning_rate=0.02,
)  # fmt: skip
BENCH = Config(form='paper', levels=5, width=16, size=84, batch_size=4)


def build(c: Config) -> launch.Experiment:
  if c.bilinear and c.form != 'padded':
    raise UserError(f'--bilinear was given with --form={c.form}; add --form=padded')
  padded = c.form != 'paper'
  less = unet.margin(c.levels, padded)
  for flag in ('crop', 'size') if padded else ('crop',) if c.crop else ('size',):
    checked(flag, getattr(c, flag), c.levels, padded, less)
  changes = [warps.elastic(c.deform)] if c.deform else []
  changes += [augment.together(augment.turn)] if c.turn else []
  data = segmenting.load(
    c,
    less=less,
    changes=changes,
    weigh=weight_maps.separating if c.separate else None,
  )
  classes = len(data.spec.classes)
  model = unet.UNet(
    classes, c.levels, c.width, skips=c.skips, dropout=c.dropout, **unet.FORMS[c.form]
  )
  if c.bilinear:
    model = model.clone(up='bilinear')
  see = tiles.tiled(c.crop or c.size, less) if less else tasks.directly
  see = tiles.turned(see) if c.turned else see
  task = tasks.segmentation(model, see=see)
  made = segmenting.experiment(c, data, task)
  if classes != 2:
    return made
  return cells.scored(made, task)


def checked(flag: str, side: int, levels: int, padded: bool, less: int) -> None:
  """Checks that a network of these levels can output maps of a side.

  Raises:
    UserError: it cannot.
  """
  fitting = unet.nearest(side + less, levels, padded) if side else (side + less,)
  if fitting != (side + less,):
    near = ' or '.join(str(each - less) for each in fitting)
    raise UserError(
      f'--{flag}={side} was given, which a U-Net of {levels} levels cannot output; '
      f'give {near}'
    )


if __name__ == '__main__':
  launch.main(__name__)
