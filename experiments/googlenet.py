"""GoogLeNet: kernels of several sizes side by side (Szegedy et al., 2015). Lecture 6.

    python -m experiments.googlenet                      # digits: 98 %, 60 s
    python -m experiments.googlenet --aux --dataset=cifar10 --data_dir=DIR
    python -m experiments.googlenet --variant=paper --aux --dataset=imagenet2012 \\
      --data_dir=DIR
    python -m experiments.googlenet --variant=paper --aux --classes=1000 \\
      --image_size=224 --plan                            # 13,378,280 parameters
    python -m experiments.googlenet --variant=torchvision --width=1 --image_size=224 \\
      --freeze=backbone --init_from=googlenet-1378be20.pth \\
      --dataset=folder --data_dir=DIR

`--dataset=imagenet2012` brings the recipe of the paper (https://arxiv.org/abs/1409.4842):
parts of the images of all sizes, the rate 4 % less every 8 epochs, an average of
parameters tested. How many epochs there were it does not say; here they are 90. Of
the losses of the auxiliary classifiers 0.3 is added. torchvision's weights were trained
on pixels in [-1, 1], which its variant therefore sees.
"""

import dataclasses
import functools

import optax

from dl_core import config, launch, tasks
from dl_core.launch.families import photographs
from dl_core.models import googlenet
from dl_core.models.weights import googlenet as names
from dl_core.tasks import schedules
from dl_core.types import UserError

PUBLISHED: dict[str, dict[str, photographs.Published]] = {
  'paper': {'Szegedy et al. 2015, seven networks': (None, 0.9333)},
  'bn': {},
  'torchvision': {'torchvision': (0.69778, 0.89530)},
}
EPOCHS = 90


@dataclasses.dataclass(frozen=True)
class Config(photographs.Config):
  variant: str = config.field(
    'bn',
    "network: the paper's, with batch norm instead of biases (bn), or also with 3 x 3 "
    'for 5 x 5 kernels (torchvision)',
    choices=googlenet.VARIANTS,
  )
  aux: bool = config.field(
    False, 'add the auxiliary classifiers, whose losses count in training'
  )
  dropout: float = config.field(
    0.4, 'dropout rate before the last layer', low=0, below=1
  )


RECIPES = {
  'cifar10': {'steps': 12_000, 'batch_size': 128, 'flip': True, 'eval_every': 1_000},
  'imagenet2012': photographs.epochs(EPOCHS, 256)
  | {'image_size': 224, 'crop': 0.08, 'flip': True, 'average': 0.9999}
  | {'precision': 'bfloat16'},
}
TINY = Config(
  steps=2, batch_size=8, image_size=32, width=0.03, variant='paper', aux=True
)
BENCH = Config(batch_size=32, width=1)


def build(c: Config) -> launch.Experiment:
  if c.aux and c.freeze != 'nothing':
    raise UserError(
      f'--aux and --freeze={c.freeze} were given, but where the layers are frozen no '
      'loss asks the auxiliary classifiers; leave --aux out'
    )
  exact = (0.5, 0.5) if c.variant == 'torchvision' else photographs.COLOURS
  data = photographs.load(c, exact)
  model = googlenet.GoogLeNet(
    classes=len(data.spec.classes),
    variant=c.variant,
    aux=c.aux,
    width=photographs.width(c, data.spec),
    gate=photographs.gate(c),
    dropout=c.dropout,
  )
  return photographs.experiment(
    c,
    data,
    model,
    names=None if c.se else names.names(),
    first=('convolution_1', 'convolution', 'kernel'),
    published={} if c.se else PUBLISHED[c.variant],
    task=functools.partial(tasks.auxiliary, share=0.3),
    schedule=schedule(c),
  )


def schedule(c: Config) -> optax.Schedule:
  """Reduces the learning rate by 4 % every 8 of 90 epochs, whatever the steps are."""
  return schedules.staircase(c.learning_rate, c.steps, (8, EPOCHS), 0.96)


if __name__ == '__main__':
  launch.main(__name__)
