"""The encoder of a Transformer reads patches of an image. Lecture 9.

    python -m experiments.vit                      # scikit-learn's digits
    python -m experiments.vit --dataset=mnist --data_dir=DIR     # also cifar10, folder
    python -m experiments.vit --size=base --patch=16 --image_size=224 --classes=1000 \\
      --plan
    python -m experiments.vit --init_from=FILE     # of torchvision or timm

Dosovitskiy et al., 2021 (https://arxiv.org/abs/2010.11929). On sets as small as these a
convolutional network is better, which knows that neighbours belong together: the paper
is ahead from 14 million images on. The figure of the MLP on the same digits is 97.8 %.
"""

import dataclasses

import optax

from dl_core import config, launch, tasks
from dl_core.data import augment, images
from dl_core.interpret import classification, explained
from dl_core.launch.families import calls
from dl_core.models import vit
from dl_core.models.weights import vit as weights
from dl_core.tasks import freezing, measures, schedules
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(config.Transfer):
  size: str = config.field('nano', 'size of the network', choices=tuple(vit.SIZES))
  patch: int = config.field(4, 'side of a patch in pixels', low=1)
  image_size: int = config.field(
    16, 'side in pixels to which images are resized', low=1
  )
  classes: int = config.field(
    0, 'number of classes to plan for (--plan) without data; 0: as in the data', low=0
  )
  dropout: float = config.field(0.1, 'dropout rate', low=0, below=1)
  learning_rate: float = 2e-3
  weight_decay: float = config.field(
    0.1, 'weight decay of AdamW, which multiplies it by the learning rate', low=0
  )
  warmup: int = config.field(
    100, 'steps in which the learning rate rises to --learning_rate', low=0
  )
  steps: int = 1_500


RECIPES = {
  'mnist': {'image_size': 28, 'steps': 10_000, 'eval_every': 500},
  'cifar10': {'image_size': 32, 'steps': 10_000, 'eval_every': 500},
}
TINY = Config(steps=2, batch_size=8, image_size=8)
BENCH = Config(batch_size=128)


def build(c: Config) -> launch.Experiment:
  if c.image_size % c.patch:
    raise UserError(
      f'--image_size={c.image_size} was given with --patch={c.patch}; give a multiple '
      'of the side of a patch'
    )
  move = augment.shift(max(1, c.image_size // 16))
  if c.classes and c.plan:
    data = images.absent(c, c.image_size, 3, c.classes)
  else:
    moved = augment.on_x(move)
    data = images.load(c, size=c.image_size, augment=moved, normalise=(0.5, 0.5))
  model = vit.ViT(len(data.spec.classes), vit.SIZES[c.size], c.patch, c.dropout)
  rate = schedules.warmed(schedules.cosine(c.learning_rate, c.steps), c.warmup)
  task = tasks.supervised(model, measures.cross_entropy, accuracy=measures.accuracy)
  experiment = launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL,
    task=task,
    optimizers=(
      optax.chain(
        optax.clip_by_global_norm(1.0), optax.adamw(rate, weight_decay=c.weight_decay)
      ),
    ),
    data=data,
    report=classification.report(task),
    names=weights.names(model),
    partition=vit.PARTITION,
  )
  return freezing.frozen(explained.added(experiment, task, model))


if __name__ == '__main__':
  launch.main(__name__)
