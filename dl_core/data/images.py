"""Loads sets of images, decoded to arrays of one size at once or in batches.

`--dataset=NAME` is one of ours, or any set of TensorFlow Datasets that is prepared and
whose examples have an image; `--dataset=folder` is a user's own images. Whether they
must have labels, too, is the choice of the experiment.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import augment as augments
from dl_core.data import batches, declarations, folder, pillow, splits, stored
from dl_core.types import Batch, Data, Key, Spec, UserError


def load(
  c: Config,
  size: int,
  channels: int | None = None,
  *,
  labels: str = folder.WANTED,
  **options: Any,
) -> Data:
  """Makes the Data of `c.dataset`; see `made`.

  Args:
    c, size, channels: see `made`.
    labels: 'wanted': a set without them is refused. 'optional': of such a set, y is 0
      and `Spec.classes` is ().
    **options: see `made`.

  Raises:
    UserError: there is no such set, it has no images, or no labels where they are
      wanted.
  """
  return made(c, folder.find(c.dataset, c.data_dir, labels), size, channels, **options)


def made(
  c: Config,
  images: folder.Images,
  size: int,
  channels: int | None = None,
  *,
  train_size: int = 0,
  labels_each: int = 0,
  draw: int = 0,
  label_noise: float = 0.0,
  margin: int = 0,
  augment: Callable[[Key, Batch], Batch] = lambda key, batch: batch,
  normalise: tuple[Any, Any] = (0.0, 1.0),
) -> Data:
  """Makes the Data of a set of images; no example is read before the first batch.

  Batches hold x float32 [B, size, size, channels], y int32 [B], weight float32 [B].

  Args:
    c: `dataset`, `batch_size` and `resident_bytes` are used.
    images: the set.
    size: height and width; see `pillow.fitted`.
    channels: 1 or 3; None: as many as the images of the set have, 3 where that varies.
    train_size: training examples that are kept, drawn by a fixed seed, each class in
      proportion; 0: all. But for rounding, a smaller choice is part of a larger one.
    labels_each: training examples of each class that are kept; 0: all.
    draw: seed of their draw.
    label_noise: share of the training labels that are replaced by random ones, uniform
      over the classes, by a fixed seed (Zhang et al. 2017,
      https://arxiv.org/abs/1611.03530, section 2); validation and test keep theirs.
    margin: pixels around the middle of an image that are kept for `augment` to choose
      from; with any, images cover their frame (`pillow.covering`), and evaluation sees
      the middle alone.
    augment: (key, Batch) -> Batch, in training alone; it leaves no margin.
    normalise: mean and standard deviation of pixels in [0, 1], each one number or one
      per channel: x = (pixel - mean) / deviation.

  Raises:
    UserError: the set has no training images.
  """
  channels = channels or images.channels
  frame = pillow.Frame((size + 2 * margin, size + 2 * margin, channels), margin > 0)
  parts = splits.parts(
    images.source,
    images.declared,
    train_size,
    bool(images.classes),
    c.dataset == 'folder',
    splits.Few(labels_each, draw),
  )

  def read(path):
    image = pillow.decoded(pillow.read(path))
    if images.shape:  # a photograph of a digit becomes as coarse as the digits are
      image = pillow.coarsened(image, images.shape)
    return pillow.framed(image, frame)

  options: dict[str, Any] = {
    'prepare': standardised(normalise),
    'augment': augment,
    'settle': functools.partial(augments.centre, size) if margin else lambda x: x,
    'baseline': most_frequent if images.classes else lambda train, test: {},
    'read': read,
    'notes': parts.notes + images.notes,
    'declaration': stored.packed(images.features),
  }
  if label_noise:
    options['notes'] += (
      f'{label_noise:.0%} of the training labels are random, uniform over the classes, '
      'drawn by a fixed seed.',
    )
  learnt = functools.partial(relabelled, len(images.classes), label_noise)
  spec = declared(c, size, channels, images.source, images.classes)
  spec = spec._replace(native=images.native)
  few = labels_each * len(images.classes)
  count = min(images.declared['train'], train_size or math.inf, few or math.inf)
  if count * math.prod(frame.shape) > c.resident_bytes:
    return batches.streamed(spec, _examples(images, parts, frame, learnt), **options)
  return batches.resident(spec, _arrays(images, parts, frame, learnt), **options)


def absent(c: Config, size: int, channels: int, classes: int) -> Data:
  """Makes the Data of an absent set, for `--plan`: it has no example."""
  names = tuple(map(str, range(classes)))
  source = f'nothing, {classes:,} classes'

  def feed(key, step):
    raise UserError(f'{source} was given, which holds no example; add --plan')

  def take(arrays, key, step):
    return feed(key, step)

  spec = declared(c, size, channels, source, names)
  return Data(spec, feed, take, splits={})


def declared(
  c: Config, size: int, channels: int, source: str, classes: tuple[str, ...]
) -> Spec:
  """Returns the Spec of batches of images and their classes."""
  x = jax.ShapeDtypeStruct((c.batch_size, size, size, channels), np.float32)
  number = functools.partial(jax.ShapeDtypeStruct, (c.batch_size,))
  batch = Batch(x, number(np.int32), number(np.float32))
  return Spec(batch, source, classes, channels=channels)


def standardised(normalise: tuple[Any, Any]) -> Callable[[Any], Any]:
  """Makes the function that maps pixels uint8 [..., C] to float32.

  Args:
    normalise: mean and standard deviation of pixels in [0, 1], each one number or one
      per channel.
  """
  mean, deviation = (np.asarray(value, np.float32) for value in normalise)

  def prepare(x):
    ranked = lambda value: value.reshape((1,) * (x.ndim - 1) + (-1,))
    x = x.astype(np.float32) / np.float32(255)
    return (x - ranked(mean)) / ranked(deviation)

  return prepare


def most_frequent(train: np.ndarray, test: np.ndarray) -> dict[str, float]:
  """Scores the constant answer: the most frequent class of the training labels."""
  return {'accuracy': float(np.mean(test == np.bincount(train).argmax()))}


def relabelled(classes: int, share: float, y: np.ndarray) -> np.ndarray:
  """Returns labels y with a share of them replaced by random ones, always the same."""
  if not share:
    return y
  random = np.random.default_rng(0)
  replaced = random.random(len(y)) < share
  return np.where(replaced, random.integers(classes, size=len(y), dtype=y.dtype), y)


def _arrays(
  images: folder.Images, parts: splits.Parts, frame: pillow.Frame, learnt: Callable
) -> Callable[[str], folder.Arrays]:
  """Makes (split) -> its decoded arrays; `learnt` maps the labels of train."""

  def decoded(split):
    x, y = images.decoded(split, frame)
    return folder.Arrays(
      x, declarations.checked(images.source, split, images.classes, y)
    )

  @functools.cache
  def carved():
    x, y = decoded('train')
    numbers = splits.carved(images.source, parts, y)
    return {name: folder.Arrays(x[of], y[of]) for name, of in numbers.items()}

  def load(name):
    given = parts.given.get(name)
    x, y = decoded(given) if given else carved()[name]
    return folder.Arrays(x, learnt(y) if name == 'train' else y)

  return load


def _examples(
  images: folder.Images, parts: splits.Parts, frame: pillow.Frame, learnt: Callable
) -> batches.Examples:
  """Makes the Examples of a set that is decoded a batch at a time; see `_arrays`."""

  @functools.cache
  def labels(split):
    return declarations.checked(
      images.source, split, images.classes, images.labels(split)
    )

  @functools.cache
  def carved():
    return splits.carved(images.source, parts, labels('train'))

  def count(name):
    given = parts.given.get(name)
    return images.count(given) if given else len(carved()[name])

  def read(name, numbers):
    given = parts.given.get(name)
    split = given or 'train'
    own = (numbers if given else carved()[name][numbers]).tolist()
    x, y = folder.stacked(images.pairs(split, own), len(own), frame)
    if name == 'train':
      return x, labels_of(name)[numbers]
    return x, declarations.checked(images.source, split, images.classes, y)

  @functools.cache
  def labels_of(name):
    given = parts.given.get(name)
    y = labels(given) if given else labels('train')[carved()[name]]
    return learnt(y) if name == 'train' else y

  def digests():
    names = ('train', 'validation', 'test')
    of_labels = {f'{name} labels': batches.digest(labels_of(name)) for name in names}
    return images.digests() | of_labels

  return batches.Examples(count, read, labels_of, digests)
