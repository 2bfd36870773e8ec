"""Images with annotated objects: found in prepared sets, and made into arrays.

Shapes: n objects of an image, at most N; H x W pixels of a frame, C channels.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dl_core.data import declarations, folder, pillow, sources
from dl_core.types import UserError

GRID = 16  # corners lie on multiples of a sixteenth of a pixel of the original image
PADDING = -1  # label where a frame has no object


class Entry(NamedTuple):
  """An image and its objects.

  Attributes:
    file: the encoded image.
    boxes: float64 [n, 4], left, top, right, bottom, the last two exclusive: in pixels,
      or as fractions of the sides of the image.
    labels: int [n].
    difficult: bool [n]: neither learned nor counted for or against a detection.
    shares: whether boxes are fractions of the sides.
  """

  file: pillow.File
  boxes: np.ndarray
  labels: np.ndarray
  difficult: np.ndarray
  shares: bool = False


class Annotated(NamedTuple):
  """A set of images with objects.

  Attributes:
    source: name and version of the set.
    classes: names of the classes.
    declared: {split: number of its images}.
    count: (split) -> number of its images; prepares the set if need be.
    entries: (split, numbers) -> Entries.
    digests, notes: see `Data`.
    features: what an example holds, see `stored.packed`.
    place: () -> the folder of a prepared set, in which decoded arrays and proposals are
      cached.
    own: a user's folder, in which proposals alone are cached.
    native: height and width of every image; () where they vary.
  """

  source: str
  classes: tuple[str, ...]
  declared: Mapping[str, int]
  count: Callable[[str], int]
  entries: Callable[[str, Sequence[int]], Sequence[Entry]]
  digests: Callable[[], Mapping[str, str]]
  notes: tuple[str, ...]
  features: Mapping[str, declarations.Feature]
  place: Callable[[], Any] | None = None
  own: Path | None = None
  native: tuple[int, ...] = ()


class Framed(NamedTuple):
  """Images with objects as arrays of one size.

  Attributes:
    image: uint8 [H, W, C]; the image at the top left, zeros beside and below it.
    extent: float32 [2], its height and width in the frame.
    boxes: float32 [N, 4] in pixels of the frame, zeros where there is no object.
    labels: int32 [N], `PADDING` where there is none.
    weight: float32 [N], 1 for objects that are not difficult.
  """

  image: np.ndarray
  extent: np.ndarray
  boxes: np.ndarray
  labels: np.ndarray
  weight: np.ndarray


def prepared(name: str, data_dir: str) -> Annotated:
  """Finds a prepared set whose images have boxes with labels, as TFDS declares them.

  Raises:
    UserError: there is no such set, or its examples have no boxes with labels.
  """
  declaration = sources.declare(name, data_dir)
  image = declaration.features.get('image', declarations.Feature(''))
  objects = declaration.features.get('objects', declarations.Feature(''))
  box, label = (
    objects.parts.get(part, declarations.Feature('')) for part in ('bbox', 'label')
  )
  if (image.kind, box.kind, label.kind) != ('Image', 'BBoxFeature', 'ClassLabel'):
    held = ', '.join(declaration.features)
    raise UserError(
      f'--dataset={name} was given, whose examples hold {held}; wanted are image and '
      'objects, each with a box (bbox) and a label; give a set that has them'
    )
  sides = tuple(side for side in image.shape[:2] if side)
  encoded = {'image', 'segmentation_mask'} & declaration.features.keys()
  records: Any = functools.cache(
    lambda split: sources.records(declaration, split, encoded=encoded)
  )

  def entry(split, number, example):
    found = example['objects']
    labels = np.asarray(found['label'], np.int32).reshape(-1)
    corners = np.asarray(found['bbox'], np.float64).reshape(-1, 4)[:, [1, 0, 3, 2]]
    hard = np.asarray(found.get('is_difficult', np.zeros(len(labels))), bool)
    where = f'image {number} of {split} in {declaration.folder}'
    return Entry(
      pillow.File(where, example['image']), corners, labels, hard, shares=True
    )

  def entries(split, numbers):
    where = f'{split} in {declaration.folder}'
    found = folder.fetched(records(split), [*map(int, numbers)], where)
    return [entry(split, *each) for each in zip(numbers, found, strict=True)]

  return Annotated(
    source=declaration.source,
    classes=label.names,
    declared=declaration.counts,
    count=lambda split: len(records(split)),
    entries=entries,
    digests=lambda: folder.digested(sources.prepare(declaration).folder),
    notes=declaration.notes,
    features={'image': image, 'objects': objects},
    place=lambda: sources.prepare(declaration).folder,
    native=sides if len(sides) == 2 else (),
  )


def features(classes: tuple[str, ...]) -> dict[str, declarations.Feature]:
  """Returns what an example of a set that is not prepared holds."""
  parts = {
    'bbox': declarations.Feature('BBoxFeature', (4,), dtype='float32'),
    'label': declarations.Feature('ClassLabel', names=classes),
  }
  return {
    'image': declarations.Feature('Image', (None, None, 3)),
    'objects': declarations.Feature('Sequence', parts=parts),
  }


def framed(entry: Entry, shape: tuple[int, ...], most: int) -> Framed:
  """Decodes an image, scales it evenly into a frame, and pads its objects.

  Args:
    entry: the image and its objects.
    shape: height, width and channels of the frame.
    most: N.

  Raises:
    UserError: it has more than N objects, or a box without area or not inside of it.
  """
  image = pillow.decoded(entry.file)
  sides = np.array(image.size * 2)
  boxes = in_pixels(entry, sides)
  check(entry.file.name, boxes, sides)
  if len(boxes) > most:
    raise UserError(
      f'{entry.file.name} has {len(boxes)} objects, but --objects={most} is the most; '
      f'give --objects={len(boxes)} or more'
    )
  pixels, scale = fitted(image, shape)
  empty = (most - len(boxes), 0)
  pad = lambda values, fill: np.pad(
    values, [(0, empty[0])] + [(0, 0)] * (values.ndim - 1), constant_values=fill
  )
  return Framed(
    pixels,
    extent(sides, scale, shape).astype(np.float32),
    pad((boxes * scale).astype(np.float32), 0),
    pad(entry.labels.astype(np.int32), PADDING),
    pad(1 - entry.difficult.astype(np.float32), 0),
  )


def in_pixels(entry: Entry, sides: np.ndarray) -> np.ndarray:
  """Returns boxes [n, 4] in pixels; `sides` is (width, height, width, height)."""
  return np.rint(entry.boxes * (sides if entry.shares else 1) * GRID) / GRID


def extent(sides: np.ndarray, scale: float, shape: tuple[int, ...]) -> np.ndarray:
  """Returns the height and width of a scaled image, at most those of the frame."""
  return np.minimum(np.ceil(sides[[1, 0]] * scale), shape[:2])


def fitted(image: Any, shape: tuple[int, ...]) -> tuple[np.ndarray, float]:
  """Scales a Pillow image evenly to the largest size that fits a frame.

  Returns:
    The frame, uint8 of `shape`, the image at its top left; and the scale, pixels of the
    frame per pixel of the image.
  """
  from PIL import Image

  height, width, channels = shape
  scale = min(height / image.height, width / image.width)
  image = image.convert({1: 'L', 3: 'RGB'}[channels])
  if scale != 1:
    sides = [max(1, round(scale * side)) for side in (image.width, image.height)]
    image = image.resize(sides, Image.Resampling.BILINEAR)
  outer = np.zeros(shape, np.uint8)
  outer[: image.height, : image.width] = np.asarray(image).reshape(
    image.height, image.width, channels
  )
  return outer, scale


def check(name: str, boxes: np.ndarray, sides: np.ndarray) -> None:
  """Checks that boxes [n, 4] have an area and lie inside of their image.

  Args:
    name: what to call the image in words.
    boxes: in pixels.
    sides: width, height, width, height of the image.

  Raises:
    UserError: one has no area, or lies outside.
  """
  for number, box in enumerate(boxes):
    left, top, right, bottom = box
    wrong = ''
    if right <= left or bottom <= top:
      wrong = 'has no area'
    elif box.min() < -1 / GRID or np.any(box > sides + 1 / GRID):
      wrong = f'reaches beyond its {sides[0]} x {sides[1]} pixels'
    if wrong:
      raise UserError(
        f'object {number + 1} of {name} has the box {left:g}, {top:g}, {right:g}, '
        f'{bottom:g}, which {wrong}; mend or remove it'
      )


def stacked(
  entries: Sequence[Entry], shape: tuple[int, ...], most: int
) -> dict[str, np.ndarray]:
  """Returns the arrays of `Framed` for several images, stacked along a new axis."""
  found = [framed(entry, shape, most) for entry in entries]
  return {
    name: np.stack([getattr(each, name) for each in found]) for name in Framed._fields
  }
