"""Label maps: decoded from index masks, framed and cut together with their images.

Shapes: N images, B of a batch, H x W pixels, C channels.
"""

import functools
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import pillow
from dl_core.data.declarations import Feature
from dl_core.types import Batch, Key, UserError

VOID = 255
MODES = ('1', 'L', 'P')  # of Pillow images whose pixels are numbers from 0 to 255


class Arrays(NamedTuple):
  x: np.ndarray  # uint8 [N, H, W, C]
  y: np.ndarray  # uint8 [N, H, W], numbers of classes, or `VOID`


class Labelled(NamedTuple):
  """A set of images with label maps, not yet decoded; see `masks`.

  Attributes:
    source: name and version of the set.
    classes: their names.
    declared: {split: number of images that the set declares}.
    count: (split) -> number of images there are; prepares the set if need be.
    decoded: (split, frame) -> Arrays of all its images.
    read: (split, numbers, frame) -> Arrays of these images.
    digests: see `Data`.
    shape: of every image; None where they differ.
    channels: of the images, 1 or 3.
    notes: see `Data`.
  """

  source: str
  classes: tuple[str, ...]
  declared: Mapping[str, int]
  count: Callable[[str], int]
  decoded: Callable[[str, pillow.Frame], Arrays]
  read: Callable[[str, Sequence[int], pillow.Frame], Arrays]
  digests: Callable[[], Mapping[str, str]]
  shape: pillow.Shape | None = None
  channels: int = 3
  notes: tuple[str, ...] = ()

  @property
  def features(self) -> dict[str, Feature]:
    """The features of an example that reading an image needs."""
    shape = self.shape or (None, None, self.channels)
    return {
      'image': Feature('Image', shape),
      'segmentation_mask': Feature('LabeledImage', (*shape[:2], 1), self.classes),
    }


def decoded(file: pillow.File) -> np.ndarray:
  """Decodes an index mask, grey or with a palette, to uint8 [H, W].

  Raises:
    UserError: it is not an image, or its pixels are colours.
  """
  from PIL import Image

  try:
    image = Image.open(io.BytesIO(file.content))
    image.load()
  except Exception as error:  # decoders raise nearly anything on damaged files
    raise UserError(
      f'{file.name} is not an image that Pillow can read; give a PNG file'
    ) from error
  if image.mode not in MODES:
    raise UserError(
      f'{file.name} has colours ({image.mode}), but the number of a class is wanted '
      'for each pixel; give a grey PNG or one with a palette'
    )
  return np.asarray(image, np.uint8)


def stacked(
  pairs: Iterable[tuple[pillow.File, pillow.File]],
  n: int,
  frame: pillow.Frame,
  classes: int,
) -> Arrays:
  """Decodes n pairs of an image and its mask.

  A mask is scaled by nearest neighbour; the border around a small image is void.

  Raises:
    UserError: see `decoded`; or a mask has another size than its image, or holds a
      number that is neither `VOID` nor below `classes`.
  """
  height, width, _ = frame.shape
  x = np.empty((n, *frame.shape), np.uint8)
  y = np.empty((n, height, width), np.uint8)
  for row, (file, mask) in enumerate(pairs):
    image, labels = pillow.decoded(file), decoded(mask)
    if labels.shape != image.size[::-1]:
      raise UserError(
        f'{mask.name} has {labels.shape[1]} x {labels.shape[0]} pixels, its image '
        f'{image.width} x {image.height}; give a mask of the same size'
      )
    wrong = labels[(labels >= classes) & (labels != VOID)]
    if wrong.size:
      raise UserError(
        f'{mask.name} holds the number {wrong.max()}, but there are {classes} classes, '
        f'numbered from 0 (and {VOID}, void); mend the mask, or name more classes'
      )
    x[row] = pillow.framed(image, frame)
    y[row] = pillow.fitted_map(labels, (height, width), VOID)
  return Arrays(x, y)


def mirrored(around: int, x: Any) -> Any:
  """Adds `around` mirrored pixels on every side of images [..., H, W, C].

  An image smaller than that is mirrored repeatedly.
  """
  module: Any = jnp if isinstance(x, jax.Array) else np
  pads = [(0, 0)] * (x.ndim - 3) + [(around, around)] * 2 + [(0, 0)]
  return module.pad(x, pads, mode='reflect') if around else x


def seen_in_training(
  augment: Callable[[Key, Batch], Batch], size: int, around: int
) -> Callable[[Key, Batch], Batch]:
  """Makes the augmentation of training batches: it mirrors, augments and crops.

  Images and maps are first extended by their mirror images, so that an augmentation
  that moves them leaves no gaps. Each is cropped at a random place in the end: x keeps
  `around` more pixels on every side than y and the weights.

  Args:
    augment: of the extended images, and of maps of the same size.
    size: height and width of the maps that come out.
    around: see above.
  """

  def changed(key: Key, batch: Batch) -> Batch:
    change_key, place_key = jax.random.split(key)
    whole = functools.partial(mirrored, around)
    flat = lambda maps: whole(maps[..., None])[..., 0]
    batch = augment(
      change_key, Batch(whole(batch.x), flat(batch.y), flat(batch.weight))
    )
    count, height, width = batch.y.shape
    spare = jnp.array([[height - size - 2 * around], [width - size - 2 * around]])
    start = jax.random.randint(place_key, (2, count), 0, spare + 1)

    def cut(image, labels, weight, top, left):
      at = lambda array, side, off: jax.lax.dynamic_slice(
        array,
        (top + off, left + off, *(0,) * (array.ndim - 2)),
        (side, side, *array.shape[2:]),
      )
      return (
        at(image, size + 2 * around, 0),
        at(labels, size, around),
        at(weight, size, around),
      )

    if (height, width) == (size, size) and not around:
      return batch
    return Batch(*jax.vmap(cut)(*batch, *start))

  return changed
