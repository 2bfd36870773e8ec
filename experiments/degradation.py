"""Deeper plain nets fit worse, and residual ones do not (He et al., 2016). Lecture 6.

    python -m experiments.degradation                    # the digits: 2 minutes
    python -m experiments.degradation --depths=20,32,56 --seeds=3
    python -m experiments.degradation --dataset=cifar10 --data_dir=DIR

Figures 1 and 6 of the paper (https://arxiv.org/abs/1512.03385): plain nets of 20 and
56 layers beside residual ones. It is the training loss that the deeper plain net ends
with, so it is not overfitting: what it lacks is a way to get there. `--dataset=cifar10`
trains for 10 epochs of 10,000 images, the same for all; `--train_size=0` takes all.
"""

import dataclasses
import functools

from dl_core import config, launch
from dl_core.lessons.convolutions import degradation
from dl_core.types import UserError
from experiments import cifar_resnet


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  depths: tuple[int, ...] = config.field(
    (20, 56), 'numbers of layers with weights to compare, each 6n + 2', low=8
  )
  train_size: int = config.field(0, 'number of training images; 0: all', low=0)
  flip: bool = config.field(False, 'augmentation: mirror half of the training images')
  steps: int = 100
  eval_every: int = 25
  batch_size: int = 32
  learning_rate: float = 0.02


RECIPES = {
  'cifar10': {'steps': 780, 'batch_size': 128, 'train_size': 10_000, 'flip': True}
  | {'eval_every': 78, 'learning_rate': 0.1},
}
TINY = Config(steps=2, batch_size=8, depths=(8, 14), eval_every=1)


def study(c: Config) -> launch.Study:
  depths = set(c.depths)
  if len(depths) < 2:
    raise UserError(
      f'--depths={config.stored(c.depths)} was given, two different depths or more are '
      'wanted; give a shallower and a deeper one'
    )
  same = config.shared(c, 'train_size', 'flip')
  runs = {
    f'{kind}-{depth}': (
      cifar_resnet,
      cifar_resnet.Config(**same, depth=depth, plain=kind == 'plain'),
    )
    for kind in degradation.KINDS
    for depth in sorted(depths)
  }
  return launch.Study(runs, functools.partial(degradation.pictures, sorted(depths)))


if __name__ == '__main__':
  launch.main(__name__)
