"""A fully convolutional network says the class of every pixel. Lecture 7.

    python -m experiments.fcn                        # FCN-8s on scenes of digits
    python -m experiments.fcn --stride=32            # FCN-32s: no skips
    python -m experiments.fcn --until=iou:0.6
    python -m experiments.fcn --dataset=digits --size=32    # digits by their ink
    python -m experiments.fcn --dataset=folder --data_dir=DIR --size=96
    python -m experiments.fcn --workdir=runs/fcn-... --predict=FILE.png
    python -m experiments.fcn --form=paper --classes=21 --size=500 \\
      --plan                                         # 134,362,751 parameters

Long, Shelhamer & Darrell 2015 (https://arxiv.org/abs/1411.4038). `--form=paper` is
their network on VGG16: `--init_from=vgg16-397923af.pth` begins from torchvision's
classifier, `--init_from=WORKDIR` FCN-16s from a run of FCN-32s, FCN-8s from one of
FCN-16s, as they did. Their loss is a sum over the pixels: its learning rate of 1e-10 is
one of 1.9e-5 for our mean over the 187,500 pixels of an image. `--at_once` scales the
skips as they did to train FCN-8s in one go.
"""

import dataclasses
from typing import Any

from dl_core import config, launch, tasks
from dl_core.launch.families import segmenting
from dl_core.layers import upsampling
from dl_core.models import fcn
from dl_core.models.weights import fcn as names
from dl_core.models.weights import files
from dl_core.types import UserError

AT_ONCE = (0.01, 0.0001)
VALIDATION = {32: 0.636, 16: 0.650, 8: 0.655}  # seg11valid of VOC 2011


@dataclasses.dataclass(frozen=True)
class Config(segmenting.Config):
  form: str = config.field(
    'small',
    'network: small, for small images; or paper, on VGG16',
    choices=('small', 'paper'),
  )
  stride: int = config.field(
    8, 'stride of the finest map that is scored: 8, 16 or 32 pixels', low=8, below=33
  )
  width: int = config.field(
    0, 'channels of the first stage; 0: 16, or 64 with --form=paper', low=0
  )
  upsampling: str = config.field(
    'bilinear',
    'upsampling of scores: fixed (bilinear), learned for each class by itself '
    '(grouped), or learned across classes (learned)',
    choices=upsampling.KINDS,
  )
  at_once: bool = config.field(
    False, 'scale the maps of the skips by 0.01 and 0.0001, to train without stages'
  )
  around: int = config.field(
    fcn.AROUND, 'zeros around an image with --form=paper, in pixels', low=1
  )


RECIPES = segmenting.RECIPES
TINY = Config(steps=2, batch_size=8, dataset='digits', size=32, width=2)
BENCH = Config(form='paper', width=16, size=96)


def build(c: Config) -> launch.Experiment:
  if c.stride not in fcn.STRIDES:
    raise UserError(f'--stride={c.stride} was given; give 8, 16 or 32')
  data = segmenting.load(c)
  classes = len(data.spec.classes)
  scales = AT_ONCE if c.at_once else ()
  if c.form == 'small':
    model = fcn.small(classes, c.stride, c.width or 16)
    model = model.clone(upsampling=c.upsampling, scales=scales)
  else:
    own: dict[str, Any] = {
      'around': c.around,
      'upsampling': c.upsampling,
      'scales': scales,
    }
    model = fcn.FCN(classes, c.stride, width=c.width or 64, **own)
  return segmenting.experiment(
    c,
    data,
    tasks.segmentation(model),
    names=names.names(model) if c.form == 'paper' else None,
    taken=taken(c, model),
    published=published(c),
  )


def taken(c: Config, model: fcn.FCN) -> tuple[str, ...]:
  """Returns the parts that --init_from gives: of a file, a classifier's layers.

  Of a run, which is taken to be one of the network of the next larger stride, all but
  the scores that this network adds.
  """
  if files.named(c.init_from):
    return names.parts(model)
  return names.coarser(model) if c.init_from else ()


def published(c: Config) -> tuple[launch.Figure, ...]:
  """Returns the published figures of the network of the settings."""
  if c.form == 'small':
    return ()
  source = 'Long et al. 2015, validation of VOC 2011'
  return (launch.Figure('iou', VALIDATION[c.stride], 'voc2011', source),)


if __name__ == '__main__':
  launch.main(__name__)
