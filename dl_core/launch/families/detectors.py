"""Detectors: R-CNN, Fast R-CNN and Faster R-CNN on any set of images with boxes.

The three share the data, the trunk and the head, the optimizer, the scores and the
pictures. An experiment adds how its regions are proposed, and how it computes their
features.
"""

import dataclasses
import itertools
from typing import Any

import optax

from dl_core import config
from dl_core.data import augment, boxed, detection, moved, proposals, search
from dl_core.interpret import detections
from dl_core.launch.families import trunks
from dl_core.models import rcnn
from dl_core.models.weights import parts
from dl_core.tasks import detection as tasks
from dl_core.tasks import freezing, schedules
from dl_core.tasks.detection import System
from dl_core.tasks.judging import Judging
from dl_core.types import Data, Experiment, Figure, UserError


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  dataset: str = config.field('clutter_many', 'name of the data set', group='data')
  image_size: tuple[int, ...] = config.field(
    (96, 96), 'height and width of the frame that images are scaled into, in pixels',
    low=16, below=4_097,
  )  # fmt: skip
  objects: int = config.field(
    5,
    'maximum number of objects in an image; an image with more is refused',
    low=1,
    below=1_000,
  )
  first_pixel: int = config.field(
    1,
    'number of the first pixel in the annotations of --dataset=folder: 1, as in VOC, '
    'or 0',
    low=0,
    high=1,
    group='data',
  )
  bad_boxes: str = config.field(
    'refuse',
    'what to do about boxes of --dataset=folder that have no area, are reversed or '
    'extend beyond the image: refuse the data set, or drop the objects',
    choices=('refuse', 'drop'),
    group='data',
  )
  trunk: str = config.field(
    'small',
    'network that computes the maps of an image: small, or a classifier of ImageNet',
    choices=tuple(trunks.MEMBERS),
  )
  widths: tuple[int, ...] = config.field(
    (16, 32, 64, 64), 'channels of each convolution of --trunk=small', low=1
  )
  halving: int = config.field(
    2,
    'number of convolutions of --trunk=small, from the first on, that halve the sides',
    low=0,
  )
  units: int = config.field(
    128, 'units of each dense layer of the head of --trunk=small', low=1
  )
  frozen: int = config.field(
    0,
    'number of stages of the trunk, from the first on, that stay as --init_from loaded '
    'them; without --init_from all are trained',
    low=0,
  )
  bins: int = config.field(
    0,
    'bins per side that a region is pooled into; 0: 5 for --trunk=small, 7 for VGG, 14 '
    'for ResNet, whose last stage halves them',
    low=0,
  )
  regions: int = config.field(
    32, 'number of regions of an image that a training step samples', low=1
  )
  share: float = config.field(
    0.25, 'largest share of the sampled regions that are objects', above=0, high=1
  )
  score: float = config.field(0.05, 'least probability of a detection', low=0, below=1)
  nms: float = config.field(
    0.3,
    'intersection over union above which non-maximum suppression drops the less '
    'probable of two detections of a class',
    above=0,
    high=1,
  )
  flip: bool = config.field(
    False, 'augmentation: mirror half of the training images, left for right'
  )
  turn: bool = config.field(
    False, 'augmentation: mirror half of the training images, top for bottom'
  )
  recolour: bool = config.field(
    True, 'augmentation: exchange the colour channels of an image at random'
  )
  train_size: int = config.field(
    0, 'training images that are kept, drawn by a fixed seed; 0: all', low=0
  )
  optimizer: str = config.field(
    'adamw', 'adamw; or sgd, with momentum 0.9', choices=('adamw', 'sgd')
  )
  weight_decay: float = config.field(
    1e-4,
    'weight decay; AdamW multiplies it by the learning rate, sgd adds it to the '
    'gradient',
    low=0,
  )
  warmup: int = config.field(
    50, 'steps in which the learning rate rises to --learning_rate', low=0
  )
  clip: float = config.field(10.0, 'largest norm of the gradient', above=0)
  steps: int = 1_400
  batch_size: int = 8
  learning_rate: float = 3e-3
  eval_every: int = 200


@dataclasses.dataclass(frozen=True)
class Searching(Config):
  """The settings of a detector whose regions selective search proposes."""

  search: str = config.field(
    'single',
    'segmentations of an image in selective search: one (single) or eight (fast)',
    choices=tuple(search.STRATEGIES),
  )
  proposals: int = config.field(64, 'maximum number of proposals of an image', low=1)
  train_size: int = 2_048


def load(c: Config) -> Data:
  """Loads the data.

  Raises:
    UserError: there is no such set, or `--image_size` or `--halving` does not fit.
  """
  if len(c.image_size) != 2:
    raise UserError(
      f'--image_size={config.stored(c.image_size)} was given; two numbers are wanted, '
      'height and width of the frame, as in 240,320'
    )
  if c.trunk == 'small' and c.halving > len(c.widths):
    raise UserError(
      f'--halving={c.halving} was given with {len(c.widths)} convolutions '
      f'(--widths={config.stored(c.widths)}); give {len(c.widths)} or less, or more '
      'widths'
    )
  height, width = c.image_size
  changes: list[Any] = [moved.flipped] if c.flip else []
  changes += [moved.turned] if c.turn else []
  if c.recolour:
    recolour = lambda key, x: x | {'image': augment.recoloured(key, x['image'])}
    changes.append(augment.on_x(recolour))
  drop = c.bad_boxes == 'drop'
  found = boxed.find(c.dataset, c.data_dir, first=c.first_pixel, drop=drop, plan=c.plan)
  searched = None
  if isinstance(c, Searching):
    searched = proposals.Searched(c.search, c.proposals)
  return detection.load(
    c,
    found,
    (height, width),
    c.objects,
    train_size=c.train_size,
    searched=searched,
    augment=augment.join(*changes) if changes else lambda key, batch: batch,
    normalise=backbone(c).normalise,
  )


def network(
  c: Config, classes: int, proposer: rcnn.Proposer | None = None
) -> rcnn.RCNN:
  """Builds the network for a number of classes, the background not counted."""
  own = backbone(c)
  bins = c.bins or own.bins
  return rcnn.RCNN(classes + 1, own.trunk, own.head, bins, proposer)


def backbone(c: Config) -> trunks.Backbone:
  """Builds the trunk and the head."""
  return trunks.backbone(c.trunk, c.widths, c.halving, c.units)


def judging(c: Config) -> Judging:
  """Returns the settings by which regions are sampled, scored and suppressed."""
  return Judging(sampled=c.regions, share=c.share, score=c.score, overlap=c.nms)


def experiment(
  c: Config, data: Data, system: System, published: dict[str, float]
) -> Experiment:
  """Makes the experiment of a system.

  Args:
    c, data, system: settings, data and the system.
    published: {source: mean average precision on the test set of VOC 2007}.
  """
  task = tasks.detection(system)._replace(answer=detections.answer)
  own = backbone(c)
  return Experiment(
    config=c,
    task=task,
    optimizers=(descent(c, own),),
    data=data,
    names=own.names,
    taken=own.taken if c.init_from else (),
    scores=detections.scores(task),
    observe=detections.observe(task),
    report=detections.report(task, tasks.regions_of(system)),
    published=tuple(
      Figure('map', value, 'voc', source) for source, value in published.items()
    ),
  )


def descent(c: Config, own: trunks.Backbone) -> optax.GradientTransformation:
  """Builds the optimizer; frozen stages do not move."""
  rate = schedules.warmed(schedules.cosine(c.learning_rate, c.steps), c.warmup)
  moves = {
    'adamw': optax.adamw(rate, weight_decay=c.weight_decay),
    'sgd': optax.chain(
      optax.add_decayed_weights(c.weight_decay), optax.sgd(rate, momentum=0.9)
    ),
  }[c.optimizer]
  found = optax.chain(optax.clip_by_global_norm(c.clip), moves)
  if not c.frozen or not c.init_from:
    return found
  fixed = tuple(itertools.chain(*own.stages[: c.frozen]))
  return freezing.only(lambda path: not parts.inside(path, fixed), found)
