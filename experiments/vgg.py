"""VGG: nothing but 3 x 3 (Simonyan & Zisserman, 2015). Lecture 6.

    python -m experiments.vgg                            # digits: 96 %, 20 s
    python -m experiments.vgg --depth=16 --batch_norm --dataset=cifar10 --data_dir=DIR
    python -m experiments.vgg --depth=16 --dataset=imagenet2012 --data_dir=DIR
    python -m experiments.vgg --depth=19 --classes=1000 --image_size=224 --plan
    python -m experiments.vgg --depth=16 --width=1 --image_size=224 --freeze=backbone \\
      --init_from=vgg16-397923af.pth --dataset=folder --data_dir=DIR

`--dataset=imagenet2012` brings the recipe of the paper (https://arxiv.org/abs/1409.1556):
74 epochs of 256 images, mirrored and tinted. Parts of all sizes are taken, where the
paper took 224 pixels of images scaled to sides of 256 to 512.
"""

import dataclasses

from dl_core import config, launch
from dl_core.launch.families import photographs
from dl_core.models import vgg
from dl_core.models.weights import vgg as names

TORCHVISION = {  # depth, batch norm: top-1, top-5
  (11, False): (0.69020, 0.88628),
  (13, False): (0.69928, 0.89246),
  (16, False): (0.71592, 0.90382),
  (19, False): (0.72376, 0.90876),
  (11, True): (0.70370, 0.89810),
  (13, True): (0.71586, 0.90374),
  (16, True): (0.73360, 0.91516),
  (19, True): (0.74218, 0.91842),
}


@dataclasses.dataclass(frozen=True)
class Config(photographs.Config):
  depth: int = config.field(
    11, 'number of layers with weights: 11, 13, 16 or 19', low=11, below=20
  )
  batch_norm: bool = config.field(False, 'add batch norm after every convolution')
  image_size: int = config.field(
    32, 'height and width of the images, in pixels', low=32, below=2_049
  )
  dropout: float = config.field(0.5, 'dropout rate of the dense layers', low=0, below=1)
  decay: float = 5e-4
  learning_rate: float = 0.01


RECIPES = {
  'cifar10': {'steps': 40_000, 'batch_size': 128, 'flip': True, 'eval_every': 1_000},
  'imagenet2012': photographs.epochs(74, 256)
  | {'image_size': 224, 'crop': 0.08, 'flip': True, 'colour': 0.1}
  | {'precision': 'bfloat16'},
}
TINY = Config(steps=2, batch_size=8, width=0.03)
BENCH = Config(batch_size=16, width=1)


def build(c: Config) -> launch.Experiment:
  data = photographs.load(c)
  model = photographs.member(vgg.MEMBERS, c.depth)(
    classes=len(data.spec.classes),
    batch_norm=c.batch_norm,
    width=max(1, round(64 * photographs.width(c, data.spec))),
    gate=photographs.gate(c),
    dropout=c.dropout,
  )
  return photographs.experiment(
    c,
    data,
    model,
    names=None if c.se else names.names(model),
    first=('convolution_1_1', 'kernel'),
    published={} if c.se else {'torchvision': TORCHVISION[c.depth, c.batch_norm]},
  )


if __name__ == '__main__':
  launch.main(__name__)
