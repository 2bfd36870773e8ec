"""Sets of labelled images, decoded to arrays of one size, once or as they are read.

`--dataset=NAME` is one of ours, or any set of TensorFlow Datasets that is prepared and
whose examples have an image and a label; `--dataset=folder` is one's own images.
"""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import batches, folder, pillow, splits
from dl_core.types import Batch, Data, Spec, UserError

VALIDATION, TEST = 0.1, 0.2  # shares of the training examples, where they are carved
MOST = 5_000  # examples carved for validation


class Parts(NamedTuple):
  """How train, validation and test are had from the splits that a set comes with.

  Attributes:
    given: {ours: its}.
    lacking: those that are carved from its train; what is left is train.
    train_size: how many of what is left are kept; 0: all.
    label_noise: share of the labels of train that are drawn anew.
    notes: sentences that say so.
  """

  given: Mapping[str, str]
  lacking: tuple[str, ...]
  train_size: int
  label_noise: float
  notes: tuple[str, ...]


def load(
  c: Config,
  size: int,
  channels: int,
  *,
  train_size: int = 0,
  label_noise: float = 0.0,
  augment: Callable[[Any, Any], Any] = lambda key, x: x,
  normalise: tuple[Any, Any] = (0.0, 1.0),
) -> Data:
  """Makes the Data of `c.dataset`; no example is read before the first batch.

  Batches hold x float32 [B, size, size, channels], y int32 [B], weight float32 [B].

  Args:
    c: `dataset`, `data_dir`, `batch_size` and `resident_bytes` are used.
    size: height and width; `pillow.fitted` says how an image gets there.
    channels: 1 or 3.
    train_size: training examples that are kept, drawn by a fixed seed, each class in
      proportion; 0: all. But for rounding, a smaller choice is part of a larger one.
    label_noise: share of the training labels that are drawn anew by a fixed seed, all
      classes alike, whatever the image shows (Zhang et al. 2017,
      https://arxiv.org/abs/1611.03530, section 2); validation and test are as they are.
    augment: (key, x) -> x, in training alone.
    normalise: mean and standard deviation of pixels in [0, 1], each one number or one
      per channel: x = (pixel - mean) / deviation.

  Raises:
    UserError: there is no such set, or it has no images with labels.
  """
  own = c.dataset == 'folder'
  images = folder.own(c.data_dir) if own else folder.prepared(c.dataset, c.data_dir)
  shape = (size, size, channels)
  parts = _parts(images, train_size, label_noise)
  mean, deviation = (np.asarray(value, np.float32) for value in normalise)

  def prepare(x):
    ranked = lambda value: value.reshape((1,) * (x.ndim - 1) + (-1,))  # noqa: E731
    x = x.astype(np.float32) / np.float32(255)
    return (x - ranked(mean)) / ranked(deviation)

  def read(path):
    image = pillow.decoded(pillow.read(path))
    if images.shape:  # a photograph of a digit becomes as coarse as the digits are
      image = pillow.coarsened(image, images.shape)
    return pillow.fitted(image, shape)

  x = jax.ShapeDtypeStruct((c.batch_size, *shape), np.float32)
  number = functools.partial(jax.ShapeDtypeStruct, (c.batch_size,))
  batch = Batch(x, number(np.int32), number(np.float32))
  options: dict[str, Any] = {
    'prepare': prepare,
    'augment': augment,
    'baseline': most_frequent,
    'read': read,
    'notes': images.notes + parts.notes,
  }
  spec = Spec(batch, images.source, images.classes)
  count = min(images.declared['train'], train_size or math.inf)
  if count * math.prod(shape) > c.resident_bytes:
    return batches.streamed(spec, _examples(images, parts, shape), **options)
  return batches.resident(spec, _arrays(images, parts, shape), **options)


def most_frequent(train: np.ndarray, test: np.ndarray) -> dict[str, float]:
  """Scores the constant answer: the most frequent class of the training labels."""
  return {'accuracy': float(np.mean(test == np.bincount(train).argmax()))}


def _parts(images: folder.Images, train_size: int, label_noise: float) -> Parts:
  """Gives every set three splits, carved from train where it lacks one.

  A set with validation and no test is tested on that, so that nothing is chosen on it.
  """
  if 'train' not in images.declared:
    raise UserError(
      f'{images.source} was given, which has only {", ".join(images.declared)}; '
      'give a set with a split train'
    )
  given = {name: name for name in ('validation', 'test') if name in images.declared}
  if list(given) == ['validation']:
    given = {'test': 'validation'}
  lacking = tuple(name for name in ('test', 'validation') if name not in given)
  shares = {'test': f'{TEST:.0%}', 'validation': f'{VALIDATION:.0%} (at most {MOST:,})'}
  notes = tuple(
    f'The {name} set is {shares[name]} of the training examples, drawn by a fixed '
    'seed, each class in proportion.'
    for name in lacking
  )
  if label_noise:
    notes += (
      f'{label_noise:.0%} of the training labels are drawn anew, all classes alike, by '
      'a fixed seed.',
    )
  if not lacking and not train_size:
    given['train'] = 'train'
  return Parts(given, lacking, train_size, label_noise, notes)


def _carved(images: folder.Images, parts: Parts, y: np.ndarray) -> dict[str, Any]:
  """Divides train, whose labels are y, into {split: the numbers of its examples}."""
  left, numbers = np.arange(len(y)), {}
  for name in parts.lacking:
    count = round((TEST if name == 'test' else VALIDATION) * len(y))
    if name == 'validation':
      count = min(count, MOST)
    try:
      chosen = splits.carve(y[left], max(count, 1))
    except ValueError:
      raise UserError(
        f'{images.source} has {len(y)} training examples of {len(images.classes)} '
        f'classes, too few to set some apart as {" and ".join(parts.lacking)}; add some'
      ) from None
    numbers[name], left = left[chosen], left[~chosen]
  if parts.train_size:
    try:
      left = left[splits.carve(y[left], parts.train_size)]
    except ValueError:
      raise UserError(
        f'--train_size={parts.train_size} was given, but {images.source} has '
        f'{len(left)} training examples; give fewer, or 0 for all of them'
      ) from None
  return numbers | {'train': left}


def _learnt(images: folder.Images, parts: Parts, y: np.ndarray) -> np.ndarray:
  """Returns the labels to train on, of examples whose labels are y."""
  random = np.random.default_rng(0)
  anew = random.random(len(y)) < parts.label_noise
  drawn = random.integers(len(images.classes), size=len(y), dtype=y.dtype)
  return np.where(anew, drawn, y)


def _arrays(
  images: folder.Images, parts: Parts, shape: pillow.Shape
) -> Callable[[str], folder.Arrays]:
  """Makes (split) -> all of it, decoded."""

  def decoded(split):
    x, y = images.decoded(split, shape)
    return folder.Arrays(x, _checked(images, split, y))

  @functools.cache
  def carved():
    x, y = decoded('train')
    numbers = _carved(images, parts, y)
    return {name: folder.Arrays(x[of], y[of]) for name, of in numbers.items()}

  def load(name):
    given = parts.given.get(name)
    x, y = decoded(given) if given else carved()[name]
    return folder.Arrays(x, _learnt(images, parts, y) if name == 'train' else y)

  return load


def _examples(
  images: folder.Images, parts: Parts, shape: pillow.Shape
) -> batches.Examples:
  """Makes the examples of which a few at a time are decoded."""

  @functools.cache
  def labels(split):
    return _checked(images, split, images.labels(split))

  @functools.cache
  def carved():
    return _carved(images, parts, labels('train'))

  def count(name):
    given = parts.given.get(name)
    return images.count(given) if given else len(carved()[name])

  def read(name, numbers):
    given = parts.given.get(name)
    split = given or 'train'
    own = (numbers if given else carved()[name][numbers]).tolist()
    x, y = folder.stacked(images.pairs(split, own), len(own), shape)
    if name == 'train' and parts.label_noise:
      return x, labels_of(name)[numbers]
    return x, _checked(images, split, y)

  @functools.cache
  def labels_of(name):
    given = parts.given.get(name)
    y = labels(given) if given else labels('train')[carved()[name]]
    return _learnt(images, parts, y) if name == 'train' else y

  def digests():
    names = ('train', 'validation', 'test')
    of_labels = {f'{name} labels': batches.digest(labels_of(name)) for name in names}
    return images.digests() | of_labels

  return batches.Examples(count, read, labels_of, digests)


def _checked(images: folder.Images, split: str, y: np.ndarray) -> np.ndarray:
  if not all(0 <= label < len(images.classes) for label in np.unique(y)):
    raise UserError(
      f'the {split} split of {images.source} has labels outside its classes (a '
      'competition may keep them to itself); give a set that has them'
    )
  return y
