"""Images quantised to K grey levels; the label of an image is its levels.

Densities of images are comparable only on the same levels: nats on MNIST binarised once
cannot be held against nats on MNIST whose pixels are drawn at every step.

Shapes: B images, H x W pixels, C channels, K levels.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import config
from dl_core.data import images, views
from dl_core.types import Batch, Data, Key, UserError

ONCE, EACH_STEP = 'once', 'each_step'


@dataclasses.dataclass(frozen=True)
class Config(config.Config):
  """The settings of experiments that model the density of images."""

  size: int = config.field(8, 'height and width of images in pixels', low=1)
  levels: int = config.field(
    2, 'grey levels of a pixel; 2: black and white', low=2, below=257
  )
  binarise: str = config.field(
    ONCE,
    'how pixels become black or white: once, at half of the range; each_step, white '
    'with the probability of the grey value, drawn anew at every training step',
    choices=(ONCE, EACH_STEP),
  )

  def __post_init__(self):
    super().__post_init__()
    if self.binarise == EACH_STEP and self.levels != 2:
      raise UserError(
        f'--binarise={EACH_STEP} was given with --levels={self.levels}, but pixels are '
        'drawn black or white; drop one of the two'
      )


def load(c: Config, with_classes: bool = False) -> Data:
  """Makes the Data of `c.dataset` in K grey levels.

  Batches hold x float32 [B, H, W, C], multiples of 1 / (K - 1) in [0, 1], and y int32
  of the same shape, the level of each pixel. With `--binarise=each_step` x stays grey,
  and whoever reads a batch applies `change` first.

  Args:
    c: the settings.
    with_classes: whether x is {'image': [B, H, W, C], 'class': [B]}.

  Raises:
    UserError: there is no such set, or x cannot hold classes that it lacks.
  """
  labels = labelled(c)
  classes = labels.spec.classes
  if with_classes and not classes:
    raise UserError(
      f'--conditional was given with {labels.spec.source}, which has fewer than two '
      'classes; drop --conditional, or give a labelled set (of your own images: '
      'DIR/train/CLASS/*)'
    )
  data = views.itself(labels, c.levels, with_classes=with_classes)
  if c.binarise == ONCE:
    note = 'two levels' if c.levels == 2 else f'{c.levels} levels'
    note = f'Every pixel is rounded once to one of {note}.'
  else:
    note = (
      'A pixel is white with the probability of its grey value, drawn anew at every '
      'step: nats are not those of the fixed binarisation.'
    )
  return data._replace(
    spec=data.spec._replace(
      limits=Batch(views.beside(0, len(classes) if with_classes else None), c.levels, 0)
    ),
    notes=(*data.notes, note),
    baseline=lambda: independent(data, c),
    read=functools.partial(read_labelled, data) if with_classes else data.read,
  )


def read_labelled(data: Data, given: str) -> dict[str, np.ndarray]:
  """Reads 'FILE: CLASS', an image of one's own and its class.

  Raises:
    UserError: there is no such class, or the image cannot be read.
  """
  classes = data.spec.classes
  name = max((k for k in classes if given.endswith(f': {k}')), key=len, default='')
  path = given.removesuffix(f': {name}') if name else ''
  if not path:
    raise UserError(
      f"--predict={given} was given, which is not 'FILE: CLASS' with a class of "
      f"{data.spec.source}; give for example 'FILE: {classes[0]}'"
    )
  read: Any = data.read
  return {'image': read(path), 'class': np.int32(classes.index(name))}


def labelled(c: Config) -> Data:
  """Makes the Data of `c.dataset` with the x of `load` and the labels of the set.

  A file is always rounded to K levels: no step draws its pixels.
  """
  data = images.load(c, c.size, labels='optional')
  scale = np.float32(c.levels - 1)
  level = lambda x: (x * scale).round() / scale
  read: Any = data.read
  data = data._replace(read=lambda path: level(read(path)))
  if c.binarise == EACH_STEP:
    return data
  return views.viewed(data, lambda batch: batch._replace(x=level(batch.x)))


def redrawn(key: Key, batch: Batch) -> Batch:
  """Draws every pixel of x and y black or white: a change for `tasks.corrupted`."""
  grey, classes = views.parted(batch.x)
  white = jax.random.bernoulli(key, grey)
  x = views.beside(white.astype(grey.dtype), classes)
  return batch._replace(x=x, y=white.astype(jnp.int32))


def unchanged(key: Key, batch: Batch) -> Batch:
  """Returns the batch unchanged, for pixels that are rounded once."""
  del key
  return batch


def change(c: Config) -> Callable[[Key, Batch], Batch]:
  """Returns the change that every step makes to its batch: `redrawn` or `unchanged`."""
  return redrawn if c.binarise == EACH_STEP else unchanged


def independent(data: Data, c: Config) -> Mapping[str, float]:
  """Scores independent pixels: each level's training frequency, with add-one smoothing.

  Where x holds the classes, frequencies are those of each class.

  Returns:
    {'loss': nats of a test image}.
  """

  def shares(split):  # how often each pixel [H, W, C] of each class has each level
    total: Any = 0.0
    count: Any = 0.0
    for batch in data.splits[split]():
      x, classes = views.parted(batch.x)
      there = np.asarray(batch.weight) > 0
      x = np.asarray(x, np.float64)[there]
      own = np.zeros(len(x), int) if classes is None else np.asarray(classes)[there]
      own = np.eye(max(1, len(data.spec.classes)))[own]
      if c.binarise == EACH_STEP:
        each = np.stack([1 - x, x], axis=-1)
      else:
        each = np.arange(c.levels) == np.rint(x * (c.levels - 1))[..., None]
      total += np.tensordot(own, each, axes=(0, 0))
      count += own.sum(axis=0)
    return total, count

  (train, seen), (test, count) = shares('train'), shares('test')
  seen = seen.reshape(-1, *(1,) * (train.ndim - 1))
  nats = -np.log((train + 1) / (seen + c.levels))
  return {'loss': float((test * nats).sum() / count.sum())}
