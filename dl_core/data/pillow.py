"""Image files to arrays of one size, by Pillow."""

import concurrent.futures
import io
import itertools
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from dl_core.types import UserError

Shape = tuple[int, ...]  # height, width, 1 or 3 channels
NEAR = 0.75  # images of at least this share of the size get a border and are not scaled
CHUNK = 256  # images decoded at a time
SMALL = 8_192  # bytes; threads decoding smaller files wait for each other (measured)


class Frame(NamedTuple):
  """How images of any size become arrays of one.

  Attributes:
    shape: of the arrays.
    cut: whether what overhangs is cut off, see `covering`, or a border added, see
      `fitted`.
  """

  shape: Shape
  cut: bool = False


class File(NamedTuple):
  name: str  # what to call it in words
  content: bytes


def read(path: str) -> File:
  """Reads an image file.

  Raises:
    UserError: it cannot be read.
  """
  try:
    with open(path, 'rb') as file:
      return File(path, file.read())
  except OSError as error:
    raise UserError(
      f'{path} cannot be read ({error.strerror}); give the path of an image'
    ) from error


def decoded(file: File) -> Any:
  """Decodes to a Pillow image, turned the way its camera says.

  Raises:
    UserError: it is not an image, or a damaged one.
  """
  from PIL import Image, ImageOps

  try:
    image = Image.open(io.BytesIO(file.content))
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    return image
  except Exception as error:  # decoders raise nearly anything on damaged files
    known = isinstance(error, Image.UnidentifiedImageError)
    raise UserError(
      f'{file.name} is not an image that Pillow can read'
      f'{"" if known else f" ({error})"}; give a PNG, JPEG, BMP, GIF or WebP file'
    ) from error


def fitted(image: Any, shape: Shape) -> np.ndarray:
  """Brings a Pillow image to uint8 of `shape`, cutting nothing off.

  One that is as large or a little smaller (28 for 32) is centred in a border of zeros.
  Any other is first scaled, bilinearly and evenly, until it just fits. Transparent
  pixels are white, as on paper.
  """
  from PIL import Image, ImageOps

  height, width, channels = shape
  image = opaque(image).convert({1: 'L', 3: 'RGB'}[channels])
  if not (
    NEAR * width <= image.width <= width and NEAR * height <= image.height <= height
  ):
    image = ImageOps.contain(image, (width, height), Image.Resampling.BILINEAR)
  inner = np.asarray(image).reshape(image.height, image.width, channels)
  top, left = (height - image.height) // 2, (width - image.width) // 2
  outer = np.zeros(shape, np.uint8)
  outer[top : top + image.height, left : left + image.width] = inner
  return outer


def framed(image: Any, frame: Frame) -> np.ndarray:
  """Brings a Pillow image to uint8 of a frame's shape."""
  return (covering if frame.cut else fitted)(image, frame.shape)


def covering(image: Any, shape: Shape) -> np.ndarray:
  """Brings a Pillow image to uint8 of `shape`, cutting off what overhangs.

  It is scaled, bilinearly and evenly, until it just covers the shape, of which it then
  shows its own middle (Krizhevsky et al. 2012, section 2).
  """
  from PIL import Image, ImageOps

  height, width, channels = shape
  image = opaque(image).convert({1: 'L', 3: 'RGB'}[channels])
  image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
  return np.asarray(image).reshape(shape)


def opaque(image: Any) -> Any:
  """Returns a Pillow image of 8 bits without transparency, which becomes white."""
  from PIL import Image

  if image.has_transparency_data:
    image = image.convert('RGBA')
    return Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image)
  if image.mode.startswith('I;16'):
    return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
  return image


def coarsened(image: Any, shape: Shape) -> Any:
  """Returns the Pillow image that is left when `image` is brought to `shape`."""
  from PIL import Image

  array = fitted(image, shape)
  return Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)


def stacked(files: Iterable[File], n: int, frame: Frame) -> np.ndarray:
  """Decodes n files to uint8 [n, *frame.shape].

  Raises:
    UserError: one of them is not an image.
  """
  x, files = np.empty((n, *frame.shape), np.uint8), iter(files)
  with concurrent.futures.ThreadPoolExecutor() as pool:
    for start in range(0, n, CHUNK):
      chunk = list(itertools.islice(files, CHUNK))
      large = sum(len(file.content) for file in chunk) > SMALL * len(chunk)
      arrays = (pool.map if large else map)(
        lambda file: framed(decoded(file), frame), chunk
      )
      for row, array in enumerate(arrays, start):
        x[row] = array
  return x
