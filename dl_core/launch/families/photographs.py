"""Classifiers of photographs, trained as the winners of ImageNet were.

What AlexNet, VGG, GoogLeNet and ResNet share: colour images of one size, parts of them
cropped, mirrored and tinted afresh in every epoch; SGD with momentum and weight decay,
a learning rate that drops to a tenth at each third of the steps; top-5 accuracy. An
experiment adds its network, and as RECIPES the settings that its paper has.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import optax
from flax import linen as nn

from dl_core import config, interpret, tasks
from dl_core.data import augment, images
from dl_core.interpret import activation_maps, classification, explained, filters, gates
from dl_core.launch.families import calls
from dl_core.layers import squeeze
from dl_core.tasks import freezing, measures, optimizers, schedules
from dl_core.types import Data, Experiment, Figure, Names, Spec, UserError

# Of the pixels of ImageNet, in [0, 1].
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
COLOURS = (MEAN, DEVIATION)
KEPT = 7 / 8  # the side of what evaluation sees of a photograph: 224 of 256 pixels
IMAGES = 1_281_167  # that ImageNet's competition trained on
COARSE, SMALL = 16, 0.25  # images of up to 16 pixels a side need a quarter of the width

Published = tuple[float | None, float | None]


@dataclasses.dataclass(frozen=True)
class Config(config.Transfer):
  image_size: int = config.field(
    64, 'height and width of the images, in pixels', low=32, below=2_049
  )
  classes: int = config.field(
    0,
    'number of classes to plan for (--plan) without data; 0: as in the data',
    low=0,
    below=2**20,
  )
  width: float = config.field(
    0.0,
    'factor on the published numbers of channels; 0: 1, or 0.25 for a set whose images '
    'have up to 16 pixels a side',
    low=0,
    below=1_000,
  )
  se: bool = config.field(False, 'add squeeze-and-excitation to the blocks')
  crop: float = config.field(
    0.0,
    'augmentation: random crops of at least this share of the image; 0: none',
    low=0,
    below=1,
  )
  flip: bool = config.field(False, 'augmentation: mirror half of the training images')
  colour: float = config.field(
    0.0,
    "augmentation: random tint, as a multiple of the spread of ImageNet's colours; "
    '0: none',
    low=0,
  )
  smoothing: float = config.field(
    0.0, 'label smoothing: share of each label spread over all classes', low=0, below=1
  )
  warmup: int = config.field(
    0, 'steps in which the learning rate rises from 0 to its peak; 0: none', low=0
  )
  average: float = config.field(
    0.0,
    'decay of the moving average of the parameters, which is tested instead of the '
    'last ones; 0: none',
    low=0,
    below=1,
  )
  decay: float = config.field(
    1e-4, 'weight decay: factor of Σp²/2, over all parameters, in the loss', low=0
  )
  learning_rate: float = 0.05
  steps: int = 200


def epochs(number: int, batch_size: int) -> dict[str, int]:
  """Returns the part of a recipe for so many epochs of ImageNet."""
  steps = IMAGES // batch_size * number
  return {'steps': steps, 'batch_size': batch_size, 'eval_every': 5_000}


def load(c: Config, normalise: tuple[Any, Any] = COLOURS) -> Data:
  """Returns the data of the settings; `--plan --classes` needs no data set.

  Args:
    c: settings.
    normalise: see `images.load`.

  Raises:
    UserError: there is no such set, or `--classes` differs from its classes.
  """
  if c.classes and c.plan:
    return images.absent(c, c.image_size, 3, c.classes)
  around = round(c.image_size / KEPT - c.image_size) // 2 if c.crop else 0
  changes = [
    augment.crop(c.image_size, c.crop) if c.crop else None,
    augment.flip if c.flip else None,
    augment.colour([*np.broadcast_to(normalise[1], 3)], c.colour) if c.colour else None,
  ]
  data = images.load(
    c,
    size=c.image_size,
    channels=3,
    margin=around,
    augment=augment.on_x(augment.join(*(change for change in changes if change))),
    normalise=normalise,
  )
  if c.classes not in (0, len(data.spec.classes)):
    raise UserError(
      f'--classes={c.classes} was given, but {data.spec.source} has '
      f'{len(data.spec.classes)} classes; leave it out, or add --plan for a network '
      f'with {c.classes}'
    )
  return data


def width(c: Config, spec: Spec) -> float:
  """Returns the width of the network, as a multiple of the published one."""
  coarse = spec.native and max(spec.native) <= COARSE
  return c.width or (SMALL if coarse else 1)


def member(members: Mapping[int, Any], depth: int) -> Any:
  """Returns the member of a family with so many layers with weights.

  Raises:
    UserError: there is none.
  """
  if depth not in members:
    known = ', '.join(map(str, members))
    raise UserError(f'--depth={depth} was given, one of {known} is wanted')
  return members[depth]


def gate(c: Config) -> squeeze.Gate | None:
  """Returns the squeeze-and-excitation gate of the settings, if any."""
  return squeeze.SqueezeExcite if c.se else None


def thirds(c: Config) -> optax.Schedule:
  """Divides the learning rate by 10 after a third and two thirds of the steps."""
  return schedules.drops(c.learning_rate, c.steps, (1, 3), (2, 3))


def experiment(
  c: Config,
  data: Data,
  model: nn.Module,
  *,
  names: Names | None,
  first: tuple[str, ...],
  published: Mapping[str, Published],
  task: Callable[..., Any] = tasks.supervised,
  schedule: optax.Schedule | None = None,
) -> Experiment:
  """Makes the experiment of a network.

  Args:
    c, data, model: settings, data and network.
    names: of its layers in the files of other libraries.
    first: path of the kernel that reads the pixels, in the parameters.
    published: {source: top-1 and top-5 accuracy on the validation set of ImageNet,
      None where unknown}, of the network at its full width.
    task: (model, loss, **reported) -> Task.
    schedule: learning-rate schedule after warm-up; by default `thirds`.
  """
  reported = {'accuracy': measures.accuracy}
  if len(data.spec.classes) > 5:
    reported['top5'] = measures.top5
  own = task(model, measures.smoothed(c.smoothing), **reported)
  parts = [
    c.decay and optax.add_decayed_weights(c.decay),
    optax.sgd(schedules.warmed(schedule or thirds(c), c.warmup), 0.9),
    c.average and optimizers.average(c.average),
  ]
  pictures = [
    classification.report(own),
    filters.report(*first),
    activation_maps.report(model),
  ]
  if c.se:
    pictures.append(gates.report(model))
  made = explained.added(
    Experiment(
      config=c,
      task=own,
      optimizers=(optax.chain(*filter(None, parts)),),
      data=data,
      averaged=optimizers.averaged if c.average else None,
      names=names,
      steps_per_call=calls.PHOTOGRAPHS,
      report=interpret.join(*pictures),
      published=tuple(
        Figure(metric, value, 'imagenet2012', source)
        for source, values in published.items()
        for metric, value in zip(('accuracy', 'top5'), values, strict=True)
        if value is not None and width(c, data.spec) == 1
      ),
    ),
    own,
    model,
  )
  return freezing.frozen(made)
