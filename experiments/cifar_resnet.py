"""ResNet on small images: depth without degradation (He et al., 2016). Lecture 6.

    python -m experiments.cifar_resnet              # digits: 98 %, 40 s
    python -m experiments.cifar_resnet --plain      # the same without shortcuts
    python -m experiments.cifar_resnet --dataset=cifar10 --data_dir=DIR --depth=20
    python -m experiments.cifar_resnet --dataset=cifar10 --data_dir=DIR --steps=7700 \\
      --batch_size=64 --schedule=cosine --decay=5e-4    # 86.6 %, 18 minutes
    python -m experiments.cifar_resnet --dataset=cifar10 --data_dir=DIR --depth=20 \\
      --steps=0 --init_from=resnet20-12fca82f.th    # published weights: 91.73 %
    python -m experiments.cifar_resnet --init_from=FILE --freeze=backbone
    python -m experiments.cifar_resnet --workdir=WORKDIR --export=OUT.safetensors

The networks of section 4.2 (https://arxiv.org/abs/1512.03385): 6n + 2 layers on 32 x 32
pixels. `--dataset=cifar10` brings the paper's recipe: 64,000 steps of 128 images, the
rate divided by 10 half-way and at three quarters, decay of all parameters, images
mirrored and moved by up to 4 pixels. All sets are read in colour, so that a file of
weights fits any of them; published ones are those of akamaster/pytorch_resnet_cifar10.
"""

import dataclasses

import optax

from dl_core import config, interpret, launch, tasks
from dl_core.data import augment, images
from dl_core.interpret import activation_maps, classification, explained, filters, gates
from dl_core.launch.families import calls, photographs
from dl_core.layers import squeeze
from dl_core.models import resnet
from dl_core.models.weights import resnet as names
from dl_core.tasks import freezing, measures, schedules
from dl_core.types import UserError

ACCURACY = {  # on CIFAR-10, option A: of the paper, of its published implementation
  20: (0.9125, 0.9173),
  32: (0.9249, 0.9263),
  44: (0.9283, 0.9310),
  56: (0.9303, 0.9339),
  110: (0.9357, 0.9368),
}
SOURCES = ('He et al. 2016', 'akamaster/pytorch_resnet_cifar10')


@dataclasses.dataclass(frozen=True)
class Config(config.Transfer):
  depth: int = config.field(
    20,
    'number of layers with weights, 6n + 2, such as 20, 32, 44, 56 or 110',
    low=8,
    below=2_000,
  )
  shortcut: str = config.field(
    'A',
    'shortcut where shapes differ: zeros for new channels (A), or a projection (B)',
    choices='AB',
  )
  plain: bool = config.field(False, 'leave out all shortcuts')
  se: bool = config.field(False, 'add squeeze-and-excitation to every block')
  train_size: int = config.field(0, 'number of training images; 0: all', low=0)
  flip: bool = config.field(False, 'augmentation: mirror half of the training images')
  schedule: str = config.field(
    'steps',
    'learning-rate schedule: steps (x 0.1 at 1/2 and at 3/4 of training) or cosine '
    'to 0',
    choices=('steps', 'cosine'),
  )
  steps: int = 200
  learning_rate: float = 0.1
  decay: float = config.field(
    1e-4, 'weight decay: factor of Σp²/2, over all parameters, in the loss', low=0
  )


RECIPES = {
  'cifar10': {'steps': 64_000, 'batch_size': 128, 'flip': True, 'eval_every': 1_000},
}
TINY = Config(steps=2, batch_size=8, depth=8)
BENCH = Config(batch_size=128)


def build(c: Config) -> launch.Experiment:
  move = augment.shift(4, fill=0.0)  # what comes in is grey, the mean of pixels
  data = images.load(
    c,
    size=32,
    channels=3,
    train_size=c.train_size,
    augment=augment.on_x(augment.join(augment.flip, move) if c.flip else move),
    normalise=photographs.COLOURS,
  )
  model = network(c, len(data.spec.classes))
  task = tasks.supervised(model, accuracy=measures.accuracy)
  descent = optax.chain(optax.add_decayed_weights(c.decay), optax.sgd(schedule(c), 0.9))
  known = () if c.plain or c.se else ACCURACY.get(c.depth, ())
  pictures = [
    classification.report(task),
    filters.report('convolution', 'kernel'),
    activation_maps.report(model),
  ]
  if c.se:
    pictures.append(gates.report(model))
  experiment = launch.Experiment(
    config=c,
    task=task,
    optimizers=(descent,),
    data=data,
    names=names.names(model),
    steps_per_call=calls.RESIDUAL,
    report=interpret.join(*pictures),
    published=tuple(
      launch.Figure('accuracy', value, 'cifar10', source)
      for value, source in zip(known, SOURCES, strict=False)
    ),
  )
  return freezing.frozen(explained.added(experiment, task, model))


def schedule(c: Config) -> optax.Schedule:
  """Returns the learning-rate schedule of the settings."""
  if c.schedule == 'cosine':
    return schedules.cosine(c.learning_rate, c.steps)
  return schedules.drops(c.learning_rate, c.steps, (1, 2), (3, 4))


def network(c: Config, classes: int) -> resnet.ResNet:
  """Returns the network of the settings."""
  settings = {
    'classes': classes,
    'shortcut': 'none' if c.plain else c.shortcut,
    'gate': squeeze.SqueezeExcite if c.se else None,
  }
  try:
    return resnet.cifar(c.depth, **settings)
  except ValueError:
    near = 6 * max(1, round((c.depth - 2) / 6)) + 2
    raise UserError(
      f'--depth={c.depth} was given, but 6n + 2 layers are wanted; take --depth={near}'
    ) from None


if __name__ == '__main__':
  launch.main(__name__)
