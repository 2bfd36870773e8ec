"""Sets of labelled images, decoded once to arrays of one size.

`--dataset=NAME` is one of ours, or any set of TensorFlow Datasets that is prepared and
whose examples have an image and a label; `--dataset=folder` is one's own images.
"""

import contextlib
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import batches, declarations, folder, pillow, sources, splits
from dl_core.types import Batch, Data, Spec, UserError

VALIDATION, TEST = 0.1, 0.2  # shares of the training examples, where they are carved
MOST = 5_000  # examples carved for validation
FITTING = 1  # to be raised when `pillow.fitted` changes: caches keep what it returned

Arrays = tuple[np.ndarray, np.ndarray]  # x uint8 [n, H, W, C], y int32 [n]


class Images(NamedTuple):
  """A set of labelled images, not yet decoded.

  Attributes:
    source: its name and version.
    classes: the label names.
    splits: the names of the splits it comes with.
    decoded: (split, shape) -> Arrays.
    shape: of every image; None where they differ.
    notes: see `Data`.
  """

  source: str
  classes: tuple[str, ...]
  splits: tuple[str, ...]
  decoded: Callable[[str, pillow.Shape], Arrays]
  shape: pillow.Shape | None = None
  notes: tuple[str, ...] = ()


def load(
  c: Config,
  size: int,
  channels: int,
  *,
  augment: Callable[[Any, Any], Any] = lambda key, x: x,
  normalise: tuple[Any, Any] = (0.0, 1.0),
) -> Data:
  """Makes the Data of `c.dataset`; no example is read before the first batch.

  Batches hold x float32 [B, size, size, channels], y int32 [B], weight float32 [B].

  Args:
    c: `dataset`, `data_dir` and `batch_size` are used.
    size: height and width; `pillow.fitted` says how an image gets there.
    channels: 1 or 3.
    augment: (key, x) -> x, in training alone.
    normalise: mean and standard deviation of pixels in [0, 1], each one number or one
      per channel: x = (pixel - mean) / deviation.

  Raises:
    UserError: there is no such set, or it has no images with labels.
  """
  images = _folder(c) if c.dataset == 'folder' else _prepared(c)
  shape = (size, size, channels)
  arrays, carved = _three_splits(images, shape)
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
  return batches.resident(
    Spec(Batch(x, number(np.int32), number(np.float32)), images.source, images.classes),
    arrays,
    prepare=prepare,
    augment=augment,
    baseline=most_frequent,
    read=read,
    notes=images.notes + carved,
  )


def most_frequent(train: np.ndarray, test: np.ndarray) -> dict[str, float]:
  """Scores the constant answer: the most frequent class of the training labels."""
  return {'accuracy': float(np.mean(test == np.bincount(train).argmax()))}


def _prepared(c: Config) -> Images:
  """Finds a set of `sources`."""
  declaration = sources.declare(c.dataset, c.data_dir)
  image = declaration.features.get('image', declarations.Feature(''))
  label = declaration.features.get('label', declarations.Feature(''))
  if (image.kind, label.kind) != ('Image', 'ClassLabel'):
    held = ', '.join(f'{key} ({f.kind})' for key, f in declaration.features.items())
    raise UserError(
      f'--dataset={c.dataset} was given, whose examples hold {held}; wanted are image '
      '(Image) and label (ClassLabel), give a set that has them'
    )
  sides = tuple(side for side in image.shape if side)
  return Images(
    source=declaration.source,
    classes=label.names,
    splits=tuple(declaration.counts),
    decoded=functools.partial(_cached, declaration),
    shape=sides if len(sides) == 3 and sides[2] in (1, 3) else None,
    notes=declaration.notes,
  )


def _folder(c: Config) -> Images:
  """Finds one's own images, decoded at every start: nothing is written beside them."""
  found = folder.listed(c.data_dir)

  def decoded(split, shape):
    paths, labels = zip(*found.files[split], strict=True)
    files = (pillow.read(str(path)) for path in paths)
    return pillow.stacked(files, len(paths), shape), np.array(labels, np.int32)

  return Images(f'folder/{found.digest}', found.classes, tuple(found.files), decoded)


def _three_splits(
  images: Images, shape: pillow.Shape
) -> tuple[Callable[[str], Arrays], tuple[str, ...]]:
  """Gives every set train, validation and test, carved from train where it lacks one.

  A set with validation and no test is tested on that, so that nothing is chosen on it.

  Returns:
    (split) -> Arrays, and sentences that say what was carved.
  """
  if 'train' not in images.splits:
    raise UserError(
      f'{images.source} was given, which has only {", ".join(images.splits)}; '
      'give a set with a split train'
    )
  given = {name: name for name in ('validation', 'test') if name in images.splits}
  if list(given) == ['validation']:
    given = {'test': 'validation'}
  lacking = [name for name in ('test', 'validation') if name not in given]

  @functools.cache
  def carved() -> dict[str, Arrays]:
    x, y = _checked(images, 'train', shape)
    n, parts = len(y), {}
    for name in lacking:
      count = round(TEST * n) if name == 'test' else min(round(VALIDATION * n), MOST)
      try:
        chosen = splits.carve(y, max(count, 1))
      except ValueError:
        raise UserError(
          f'{images.source} has {n} training examples of {len(images.classes)} classes'
          f', too few to set some apart as {" and ".join(lacking)}; add some'
        ) from None
      parts[name] = x[chosen], y[chosen]
      x, y = x[~chosen], y[~chosen]
    return parts | {'train': (x, y)}

  def arrays(name: str) -> Arrays:
    return _checked(images, given[name], shape) if name in given else carved()[name]

  shares = {'test': f'{TEST:.0%}', 'validation': f'{VALIDATION:.0%} (at most {MOST:,})'}
  return arrays, tuple(
    f'The {name} set is {shares[name]} of the training examples, drawn by a fixed '
    'seed, each class in proportion.'
    for name in lacking
  )


def _checked(images: Images, split: str, shape: pillow.Shape) -> Arrays:
  x, y = images.decoded(split, shape)
  if not all(0 <= label < len(images.classes) for label in np.unique(y)):
    raise UserError(
      f'the {split} split of {images.source} has labels outside its classes (a '
      'competition may keep them to itself); give a set that has them'
    )
  return x, y


def _cached(
  declaration: declarations.Declaration, split: str, shape: pillow.Shape
) -> Arrays:
  """Decodes a split of a prepared set, or reads what was decoded before."""
  declaration = sources.prepare(declaration)
  name = f'{split}-{"x".join(map(str, shape))}-{FITTING}.npz'
  cache = declaration.folder / 'decoded' / name
  # Absent, or damaged in one of many ways; np.load checks a sum of each array.
  with contextlib.suppress(Exception), open(cache, 'rb') as file, np.load(file) as kept:
    return kept['x'], kept['y']
  labels = []

  def files():
    examples = sources.examples(declaration, split, encoded=('image',))
    for row, example in enumerate(examples):
      labels.append(example['label'])
      name = f'image {row} of {split} in {declaration.folder}'
      yield pillow.File(name, example['image'])

  x = pillow.stacked(files(), declaration.counts[split], shape)
  y = np.array(labels, np.int32)
  _keep(cache, x=x, y=y)
  return x, y


def _keep(path: Path, **arrays: Any) -> None:
  """Writes a cache file, whole or not at all. One that cannot be is done without."""
  temporary = path.with_name(f'{path.name}.{os.getpid()}')
  with contextlib.suppress(OSError):
    path.parent.mkdir(exist_ok=True)
    try:
      with open(temporary, 'wb') as file:
        np.savez(file, **arrays)
      os.replace(temporary, path)
    finally:
      temporary.unlink(missing_ok=True)
