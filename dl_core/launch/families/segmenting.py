"""Semantic segmentation: networks that predict the class of every pixel.

FCN, U-Net, DeconvNet and PSPNet share images and label maps of one size, shifted,
mirrored and cropped together; a smaller weight for the background, which covers most of
an image; and the mean intersection over union.
"""

import dataclasses
from typing import Any

import optax

from dl_core import config
from dl_core.data import augment, clutter, masks
from dl_core.interpret import segments
from dl_core.tasks import optimizers, schedules
from dl_core.types import Data, Experiment, Figure, Names, Task, UserError

SCHEDULES = {
  'cosine': schedules.cosine,
  'poly': schedules.poly,
  'constant': lambda rate, steps: optax.constant_schedule(rate),
}

RECIPES: dict[str, dict[str, Any]] = {'folder': {'recolour': False, 'flip': True}}


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field('clutter_masks', 'name of the data set', group='data')
  size: int = config.field(64, 'height and width of images, in pixels', low=8)
  crop: int = config.field(
    0,
    'height and width of the random crops that training sees, in pixels; pspnet is '
    'evaluated by windows of this size; 0: whole images',
    low=0,
  )
  classes: int = config.field(
    0,
    'number of classes to plan for (--plan) without data; 0: as in the data',
    low=0,
    below=255,
  )
  channels: int = config.field(
    3, 'channels of the images to plan for, with --classes', low=1, below=4
  )
  shift: int = config.field(
    6,
    'augmentation: largest shift of images and their label maps, in pixels',
    low=0,
  )
  flip: bool = config.field(
    False, 'augmentation: mirror half of the images and their label maps'
  )
  recolour: bool = config.field(
    True, 'augmentation: exchange the colour channels of an image at random'
  )
  background: float = config.field(
    0.3, 'weight of the pixels of class 0 in the training loss', low=0
  )
  optimizer: str = config.field(
    'adamw', 'optimizer; sgd: with --momentum', choices=('adamw', 'sgd')
  )
  momentum: float = config.field(0.9, 'momentum of sgd', low=0, below=1)
  schedule: str = config.field(
    'cosine',
    'schedule of the learning rate: cosine or poly, (1 - t/T)^0.9, which fall to 0; or '
    'constant',
    choices=tuple(SCHEDULES),
  )
  weight_decay: float = config.field(
    0.01,
    'weight decay; AdamW multiplies it by the learning rate, sgd adds it to the '
    'gradient',
    low=0,
  )
  warmup: int = config.field(
    50, 'steps in which the learning rate rises to --learning_rate', low=0
  )
  steps: int = 1_000
  batch_size: int = 16
  learning_rate: float = 3e-3
  eval_every: int = 250


def load(c: Config, *, less: int = 0, **options: Any) -> Data:
  """Loads the data; `--plan --classes` needs no data set.

  Args:
    c: settings.
    less: pixels by which the output of the network is smaller than its input, in
      height and in width; even.
    **options: see `masks.load`.

  Raises:
    UserError: there is no such set, or `--classes` or `--crop` does not fit it.
  """
  if c.classes and c.plan:
    return masks.absent(c, (c.crop or c.size) + less, c.channels, c.classes, less)
  if c.crop > c.size:
    raise UserError(
      f'--crop={c.crop} and --size={c.size} were given; give a crop of at most the size'
    )
  moves = [augment.shift(c.shift)] if c.shift else []
  moves += [augment.flip] if c.flip else []
  changes = [augment.together(move) for move in moves]
  changes += [augment.on_x(augment.recoloured)] if c.recolour else []
  changes += [augment.shaded(c.background)] if c.background != 1 else []
  options['augment'] = augment.join(*options.get('changes', ()), *changes)
  options.pop('changes', None)
  data = masks.load(
    c, c.size, crop=c.crop, around=less // 2, normalise=clutter.NORMAL, **options
  )
  if c.classes not in (0, len(data.spec.classes)):
    raise UserError(
      f'--classes={c.classes} was given, but {data.spec.source} has '
      f'{len(data.spec.classes)} classes; leave it out, or add --plan for a network '
      f'with {c.classes}'
    )
  return data


def optimizer(c: Config) -> optax.GradientTransformation:
  """Makes the optimizer."""
  own = SCHEDULES[c.schedule](c.learning_rate, c.steps)
  rate = schedules.warmed(own, c.warmup)
  if c.optimizer == 'adamw':
    return optax.adamw(rate, weight_decay=c.weight_decay)
  decay = [optax.add_decayed_weights(c.weight_decay)] if c.weight_decay else []
  return optax.chain(*decay, optax.sgd(rate, c.momentum))


def experiment(
  c: Config,
  data: Data,
  task: Task,
  *,
  names: Names | None = None,
  taken: tuple[str, ...] = (),
  share: float = 1.0,
  published: tuple[Figure, ...] = (),
) -> Experiment:
  """Makes the experiment of a network.

  Args:
    c, data, task: settings, data and task.
    names: of its layers in the files of other libraries.
    taken: see `Experiment`.
    share: learning rate of the parts in `taken`, as a share of `--learning_rate`.
    published: the figures that the result is held against.
  """
  task = task._replace(answer=segments.answer)
  moves = optimizer(c)
  if taken and share != 1:
    moves = optimizers.slowed(moves, taken, share)
  return Experiment(
    config=c,
    task=task,
    optimizers=(moves,),
    data=data,
    scores=segments.scores(task),
    report=segments.report(task),
    names=names,
    taken=taken,
    published=published,
  )
