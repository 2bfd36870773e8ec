"""Images with a class for every pixel: prepared sets, one's own folder, or digits.

A label map holds the number of each pixel's class; 255 is void: a pixel without
a known class, which weighs 0. Three kinds of sets have such maps:

  prepared   image and segmentation_mask, as TensorFlow Datasets (TFDS) declares them
  folder     DIR/train/images/*, and index masks of the same names in DIR/train/masks
  digits     any set of labelled grey images, by their ink; see `ink`

Shapes: N images, B of a batch, H x W pixels, C channels, K classes.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from dl_core.config import Config
from dl_core.data import (
  batches,
  declarations,
  folder,
  images,
  ink,
  label_maps,
  mask_folder,
  pillow,
  prepared_masks,
  sources,
  splits,
  stored,
)
from dl_core.data.label_maps import Labelled
from dl_core.data.prepared_masks import IMAGE, MASK
from dl_core.types import Batch, Data, Key, Spec, UserError

LABEL = 8  # bytes of a pixel's class and weight


def load(
  c: Config,
  size: int,
  *,
  crop: int = 0,
  around: int = 0,
  weigh: Callable[[np.ndarray], np.ndarray] | None = None,
  augment: Callable[[Key, Batch], Batch] = lambda key, batch: batch,
  normalise: tuple[Any, Any] = (0.0, 1.0),
) -> Data:
  """Makes the Data of `c.dataset`; no example is read before the first batch.

  Batches hold x float32 [B, H, W, C], y int32 [B, H, W] and weight float32 [B, H, W],
  with H = W = `size`; training sees random crops of H = W = `crop` where that is given.
  With `around`, x has that many more pixels on every side, mirrored beyond the edges of
  an image.

  Args:
    c: `dataset`, `data_dir`, `batch_size` and `resident_bytes` are used.
    size: height and width of images; see `pillow.fitted`.
    crop: height and width of the crops that training sees; 0: whole images.
    around: see above.
    weigh: (maps uint8 [N, H, W] of training) -> weights float32 [N, H, W]; by default
      all pixels count alike. Void pixels weigh 0 in any case. Of a set that is read a
      batch at a time, it sees the maps of a batch.
    augment: (key, Batch) -> Batch, in training alone, of whole images extended by their
      mirror images, and of label maps of the same size.
    normalise: mean and standard deviation of pixels in [0, 1], each one number or one
      per channel: x = (pixel - mean) / deviation.

  Raises:
    UserError: there is no such set, or it has no maps.
  """
  found = labelled(c.dataset, c.data_dir)
  frame = pillow.Frame((size, size, found.channels))
  parts = splits.parts(
    found.source, found.declared, classes=False, own=c.dataset == 'folder'
  )
  numbers = splits.numbered(found.source, parts, lambda: found.count('train'))
  whole = functools.cache(lambda: found.decoded('train', frame))

  def finished(name, x, y):
    weight = (y != label_maps.VOID).astype(np.float32)
    if weigh and name == 'train':
      weight *= weigh(y)
    return x, np.where(y == label_maps.VOID, 0, y).astype(np.int32), weight

  def load_split(name):
    split, rows = numbers(name)
    if rows is None:
      return finished(name, *found.decoded(split, frame))
    return finished(name, *(array[rows] for array in whole()))

  def read_some(name, places):
    split, rows = numbers(name)
    own = places if rows is None else rows[places]
    return finished(name, *found.read(split, own.tolist(), frame))

  def count(name):
    split, rows = numbers(name)
    return found.count(split) if rows is None else len(rows)

  def read(path):
    image = pillow.decoded(pillow.read(path))
    if found.shape:  # a photograph becomes as coarse as the images of the set are
      image = pillow.coarsened(image, found.shape)
    return pillow.framed(image, frame)

  def restore(path, answer):
    own = pillow.decoded(pillow.read(path)).size
    coarse = [(found.shape[1], found.shape[0])] if found.shape else []
    return pillow.restored(answer, own, *coarse)

  sides = (c.batch_size, crop or size, crop or size)
  shapes = functools.partial(jax.ShapeDtypeStruct, sides)
  seen = (sides[1] + 2 * around, sides[2] + 2 * around, found.channels)
  x = jax.ShapeDtypeStruct((c.batch_size, *seen), np.float32)
  spec = Spec(
    Batch(x, shapes(np.int32), shapes(np.float32)),
    found.source,
    found.classes,
    channels=found.channels,
    native=found.shape[:2] if found.shape else (),
  )
  options: dict[str, Any] = {
    'prepare': images.standardised(normalise),
    'augment': label_maps.seen_in_training(augment, crop or size, around),
    'settle': functools.partial(label_maps.mirrored, around) if around else lambda x: x,
    'read': read,
    'notes': parts.notes + found.notes,
    'declaration': stored.packed(found.features),
  }
  if (
    found.declared['train'] * size * size * (found.channels + LABEL) > c.resident_bytes
  ):
    examples = batches.Examples(count, read_some, lambda name: None, found.digests)
    data = batches.streamed(spec, examples, **options)
  else:
    options['baseline'] = lambda train, test: constant(train, *load_split('test')[1:])
    data = batches.resident(spec, load_split, **options)
  return data._replace(restore=restore)


def labelled(name: str, data_dir: str) -> Labelled:
  """Finds a set with label maps, reading no example.

  Raises:
    UserError: there is no such set, or it has no maps.
  """
  if name == 'folder' and not stored.declaration(name, data_dir):
    return mask_folder.own(data_dir)
  declaration = sources.declare(name, data_dir)
  none = declarations.Feature('')
  kinds = {key: each.kind for key, each in declaration.features.items()}
  if kinds.get(IMAGE) == 'Image' and kinds.get(MASK) in ('Image', 'LabeledImage'):
    return prepared_masks.found(declaration)
  grey = declaration.features.get(IMAGE, none).shape[2:] == (1,)
  if grey and kinds.get('label') == 'ClassLabel':
    return ink.found(folder.prepared(name, data_dir))
  held = ', '.join(f'{key} ({kind})' for key, kind in kinds.items())
  raise UserError(
    f'--dataset={name} was given, whose examples hold {held}; wanted are {IMAGE} '
    f'(Image) and {MASK} (Image or LabeledImage), or labelled grey images; give a set '
    'that has them'
  )


def constant(
  train: np.ndarray, test: np.ndarray, weight: np.ndarray
) -> Mapping[str, float]:
  """Scores the best constant answer: the most frequent class of the training pixels.

  Args:
    train, test: label maps, integers [N, H, W].
    weight: of the pixels of `test`.
  """
  most = np.bincount(train.ravel()).argmax()
  shares = np.bincount(test.ravel(), weight.ravel()) / weight.sum()
  # The union of a class with all pixels is all pixels.
  right = float(shares[most]) if most < len(shares) else 0.0
  there = np.sum(shares > 0)
  return {
    'iou': float(right / there),
    'accuracy': right,
    'class_accuracy': float(1 / there),
  }


def absent(c: Config, size: int, channels: int, classes: int, less: int = 0) -> Data:
  """Makes the Data of an absent set, for `--plan`; y has `less` fewer a side."""
  data = images.absent(c, size, channels, classes)
  sides = (c.batch_size, size - less, size - less)
  shapes = functools.partial(jax.ShapeDtypeStruct, sides)
  batch = Batch(data.spec.batch.x, shapes(np.int32), shapes(np.float32))
  return data._replace(spec=data.spec._replace(batch=batch))
