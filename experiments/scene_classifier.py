"""Which digit is in a cluttered scene? A network that also says where. Lecture 7.

    python -m experiments.scene_classifier           # 90.6 % of the test scenes
    python -m experiments.scene_classifier --workdir=runs/scene_classifier-... \\
      --explain=FILE.png                             # where it looks in your own image
    python -m experiments.interpretation             # the study that looks into it

The logits are a linear read-out of the mean over all places (Lin et al. 2014,
https://arxiv.org/abs/1312.4400). It is trained on labels alone, without boxes.
`--dataset` takes any other set of labelled images, too.
"""

import dataclasses

import optax

from dl_core import config, interpret, launch, tasks
from dl_core.data import augment, clutter, images
from dl_core.interpret import activation_maps, classification, explained, filters
from dl_core.models import averaged
from dl_core.tasks import measures, schedules

FIRST = ('stage_1', 'convolution', 'kernel')


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field('clutter_one', 'name of the data set', group='data')
  image_size: int = config.field(64, 'height and width of the images in pixels', low=8)
  widths: tuple[int, ...] = config.field(
    (16, 32, 64, 64, 64), 'channels of each convolution', low=1
  )
  halving: int = config.field(
    3, 'number of convolutions, from the first on, that halve the sides', low=0
  )
  shift: int = config.field(
    6, 'augmentation: random shift by up to this many pixels; 0: none', low=0
  )
  recolour: bool = config.field(
    True, 'augmentation: exchange the colour channels of an image at random'
  )
  weight_decay: float = config.field(
    0.05, 'weight decay of AdamW, which multiplies it by the learning rate', low=0
  )
  warmup: int = config.field(
    50, 'steps in which the learning rate rises to --learning_rate', low=0
  )
  steps: int = 1_400
  batch_size: int = 32
  learning_rate: float = 3e-3
  eval_every: int = 200


TINY = Config(steps=2, batch_size=8, image_size=16, widths=(4, 4), halving=2, shift=1)
BENCH = Config()


def build(c: Config) -> launch.Experiment:
  changes = [augment.shift(c.shift, 0.0)] if c.shift else []
  changes += [augment.recoloured] if c.recolour else []
  data = images.load(
    c,
    size=c.image_size,
    channels=3,
    augment=augment.on_x(augment.join(*changes)),
    normalise=clutter.NORMAL,
  )
  model = network(c, len(data.spec.classes))
  task = tasks.supervised(model, measures.cross_entropy, accuracy=measures.accuracy)
  rate = schedules.warmed(schedules.cosine(c.learning_rate, c.steps), c.warmup)
  experiment = launch.Experiment(
    config=c,
    task=task,
    optimizers=(optax.adamw(rate, weight_decay=c.weight_decay),),
    data=data,
    observe=filters.observe(*FIRST),
    report=interpret.join(
      classification.report(task),
      filters.report(*FIRST),
      activation_maps.report(model),
    ),
  )
  return explained.added(experiment, task, model)


def network(c: Config, classes: int) -> averaged.Averaged:
  """Returns the network of the settings."""
  return averaged.Averaged(classes, c.widths, c.halving)


if __name__ == '__main__':
  launch.main(__name__)
