"""AlexNet: eight layers on pixels (Krizhevsky et al., 2012). Lecture 6.

    python -m experiments.alexnet                        # digits: 98.3 %, 20 s
    python -m experiments.alexnet --dataset=cifar10 --data_dir=DIR
    python -m experiments.alexnet --dataset=imagenet2012 --data_dir=DIR
    python -m experiments.alexnet --variant=grouped --classes=1000 --image_size=224 \\
      --plan                                             # 60,965,224 parameters
    python -m experiments.alexnet --width=1 --image_size=224 --freeze=backbone \\
      --init_from=alexnet-owt-7be5be79.pth --dataset=folder --data_dir=DIR

`--dataset=imagenet2012` brings the recipe of the paper (https://doi.org/10.1145/3065386):
90 epochs of 128 images, mirrored and tinted. Parts of all sizes are taken, as in
torchvision's training and as GoogLeNet's paper began; AlexNet's own took 224 of 256
pixels. The rate falls at thirds, where the paper's fell when validation stood still.
"""

import dataclasses

from dl_core import config, launch
from dl_core.launch.families import photographs
from dl_core.models import alexnet
from dl_core.models.weights import alexnet as names

PUBLISHED = {
  'torchvision': {'torchvision': (0.56522, 0.79066)},
  'grouped': {'Krizhevsky et al. 2012': (0.593, 0.818)},
  'ungrouped': {'osmr/imgclsmob': (0.6193, 0.8390)},
}


@dataclasses.dataclass(frozen=True)
class Config(photographs.Config):
  variant: str = config.field(
    'torchvision',
    'network: of 2014 (torchvision), or of 2012 with or without groups',
    choices=tuple(alexnet.VARIANTS),
  )
  image_size: int = config.field(
    64, 'height and width of the images, in pixels', low=63, below=2_049
  )
  dropout: float = config.field(0.5, 'dropout rate of the dense layers', low=0, below=1)
  decay: float = 5e-4
  learning_rate: float = 0.01
  steps: int = 400


RECIPES = {
  'cifar10': {'steps': 12_000, 'batch_size': 128, 'flip': True, 'eval_every': 1_000},
  'imagenet2012': photographs.epochs(90, 128)
  | {'image_size': 224, 'crop': 0.08, 'flip': True, 'colour': 0.1}
  | {'precision': 'bfloat16'},
}
TINY = Config(steps=2, batch_size=8, width=0.02)
BENCH = Config(batch_size=32, width=1)


def build(c: Config) -> launch.Experiment:
  data = photographs.load(c)
  model = alexnet.scaled(
    c.variant,
    photographs.width(c, data.spec),
    classes=len(data.spec.classes),
    gate=photographs.gate(c),
    dropout=c.dropout,
  )
  experiment = photographs.experiment(
    c,
    data,
    model,
    names=None if c.se else names.names(),
    first=('convolution_1', 'kernel'),
    published={} if c.se else PUBLISHED[c.variant],
  )
  # Gradients of convolutions in groups are slow in a loop; see `layers.cpu.eigen`.
  return (
    experiment._replace(steps_per_call={}) if c.variant == 'grouped' else experiment
  )


if __name__ == '__main__':
  launch.main(__name__)
