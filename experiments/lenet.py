"""LeNet-5 on handwritten digits (LeCun et al., 1998). Lecture 6.

    python -m experiments.lenet                    # scikit-learn's digits: 99 %, 20 s
    python -m experiments.lenet --variant=1998     # the paper's own network and loss
    python -m experiments.lenet --dataset=mnist --data_dir=DIR   # 99.5 %, 5 minutes
    python -m experiments.lenet --dataset=folder --data_dir=DIR  # DIR/train/CLASS/*.png

The paper (https://doi.org/10.1109/5.726791) has 99.05 % on MNIST, 99.2 % with distorted
images. Images are read in the channels that the set declares, a folder in colour.
"""

import dataclasses

import optax

from dl_core import config, interpret, launch, tasks
from dl_core.data import augment, images
from dl_core.interpret import activation_maps, classification, explained, filters
from dl_core.launch.families import calls
from dl_core.models import lenet
from dl_core.tasks import measures, schedules
from dl_core.types import UserError


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  variant: str = config.field(
    'modern',
    "network and loss: as taught today, or the 1998 paper's",
    choices=('modern', '1998'),
  )
  channels: int = config.field(6, 'number of filters of the first convolution', low=1)
  learning_rate: float = 2e-3
  weight_decay: float = config.field(
    0.1, 'weight decay of AdamW, which multiplies it by the learning rate', low=0
  )
  noise: float = config.field(
    0.0,
    'augmentation: largest standard deviation of Gaussian noise (black is 0, white '
    '1); 0: none',
    low=0,
  )


RECIPES = {
  'mnist': {'steps': 30_000, 'eval_every': 500},
  'fashion_mnist': {'steps': 30_000, 'eval_every': 500},
  'cifar10': {'steps': 30_000, 'eval_every': 500},
}
TINY = Config(steps=2, batch_size=8, channels=2)
BENCH = Config(batch_size=128)


def build(c: Config) -> launch.Experiment:
  move = augment.shift(2)
  noisy = augment.join(move, augment.noise(1.275 * c.noise))
  data = images.load(
    c,
    size=32,
    augment=augment.on_x(noisy if c.noise else move),
    normalise=(0.1 / 1.275, 1 / 1.275),  # [0, 1] becomes the paper's [-0.1, 1.175]
  )
  model, loss = network(c, len(data.spec.classes))
  rate = schedules.cosine(c.learning_rate, c.steps)
  task = tasks.supervised(model, loss, accuracy=measures.accuracy)
  experiment = launch.Experiment(
    config=c,
    steps_per_call=calls.SMALL if c.variant == 'modern' else {},
    task=task,
    optimizers=(optax.adamw(rate, weight_decay=c.weight_decay),),
    data=data,
    report=interpret.join(
      classification.report(task),
      filters.report('C1', 'kernel'),
      activation_maps.report(model),
    ),
    published=(
      launch.Figure('accuracy', 0.9905, 'mnist', 'LeCun et al. 1998'),
      launch.Figure('accuracy', 0.992, 'mnist', 'LeCun et al. 1998, with distortions'),
    ),
  )
  return explained.added(experiment, task, model)


def network(c: Config, classes: int):
  """Returns the model and its loss."""
  if c.variant == 'modern':
    return lenet.LeNet(classes, c.channels), measures.cross_entropy
  if (classes, c.channels) != (10, 6):
    raise UserError(
      f'--variant=1998 was given with {classes} classes and --channels={c.channels}, '
      'but the paper has 10 digits and 6 channels; take --variant=modern'
    )
  return lenet.LeNet1998(), lenet.map_criterion


if __name__ == '__main__':
  launch.main(__name__)
