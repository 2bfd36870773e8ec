"""Decodes image files and brings them to arrays of one size, by Pillow."""

import concurrent.futures
import contextlib
import functools
import io
import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from dl_core.data import modes
from dl_core.types import UserError

Shape = tuple[int, ...]  # height, width, 1 or 3 channels
NEAR = 0.75  # images of at least this share of the size get a border, unscaled
CHUNK = 256  # images decoded at a time
SMALL = 8_192  # bytes; threads decoding smaller files wait for each other (measured)
# Opened by name alone, or decoded by another program.
UNREAD = frozenset({'BUFR', 'EPS', 'GRIB', 'HDF5', 'MPEG', 'WMF'})


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


@functools.cache
def suffixes() -> frozenset[str]:
  """Returns the suffixes, in lower case, of all formats that Pillow decodes here."""
  from PIL import Image

  kinds = Image.registered_extensions()
  return frozenset(
    suffix for suffix, kind in kinds.items() if kind in {*Image.OPEN} - UNREAD
  )


def sides(file: File) -> tuple[int, int]:
  """Returns the width and height that `decoded` gives an image; decodes no pixel.

  Raises:
    UserError: it is not an image.
  """
  from PIL import ExifTags, Image

  with readable(file.name):
    image = Image.open(io.BytesIO(file.content))
    # Pillow turns a TIFF by itself, and decodes a PNG in search of absent EXIF.
    known = 'exif' in image.info
    turn = image.getexif().get(ExifTags.Base.Orientation, 1) if known else 1
  return image.size[::-1] if turn >= 5 else image.size


def decoded(file: File) -> Any:
  """Decodes to a Pillow image of 8 bits, opaque, turned the way its camera says.

  Of a file that holds several images the first is decoded.

  Raises:
    UserError: it is not an image, or a damaged one, or its pixels have no known scale.
  """
  from PIL import Image, ImageOps

  with readable(file.name):
    image = Image.open(io.BytesIO(file.content))
    layout = modes.layout_of(image)
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    return modes.opaque(image, file.name, layout)


@contextlib.contextmanager
def readable(name: str) -> Iterator[None]:
  """Turns whatever Pillow raises about the file `name` into a UserError."""
  from PIL import Image

  try:
    yield
  except UserError:
    raise
  except Exception as error:  # decoders raise nearly anything on damaged files
    known = isinstance(error, Image.UnidentifiedImageError)
    reason = ' '.join(str(error).split())[:200]
    raise UserError(
      f'{name} is not an image that Pillow can read'
      f'{"" if known else f" ({reason})"}; give a PNG, JPEG, BMP, GIF or WebP file'
    ) from error


def fitted(image: Any, shape: Shape) -> np.ndarray:
  """Brings an opaque Pillow image to uint8 of `shape`, cutting nothing off.

  An image of that size or a little smaller (28 for 32) is centred in a border of zeros.
  Any other is first scaled, bilinearly and evenly, to the largest size that fits, at
  least one pixel high and wide.
  """
  from PIL import Image

  image = image.convert({1: 'L', 3: 'RGB'}[shape[2]])
  return _centred(image, shape[:2], Image.Resampling.BILINEAR, 0).reshape(shape)


def fitted_map(labels: np.ndarray, sides: Shape, void: int) -> np.ndarray:
  """Brings a label map uint8 [H, W] to `sides` as `fitted` brings its image.

  Each pixel takes the label of the nearest pixel; the border is `void`.
  """
  from PIL import Image

  return _centred(Image.fromarray(labels), sides, Image.Resampling.NEAREST, void)


def restored(labels: np.ndarray, *sizes: tuple[int, int]) -> np.ndarray:
  """Undoes `fitted_map`: brings a label map uint8 [H, W] back to its image's size.

  Args:
    labels: the map, whose border is cut off.
    *sizes: width and height of the image, and those to which it was fitted before.
  """
  from PIL import Image

  outer = np.array(labels.shape[::-1])
  start, end = np.zeros(2), outer.astype(float)  # in the map, of what was fitted
  for size in reversed(sizes):
    inner = np.array(_inside(size, tuple(outer[::-1])))
    scale = (end - start) / outer
    start = start + scale * ((outer - inner) // 2)
    end, outer = start + scale * inner, np.array(size)
  image = Image.fromarray(labels)
  box = (*start.tolist(), *end.tolist())
  return np.asarray(image.resize(sizes[0], Image.Resampling.NEAREST, box=box))


def _centred(image: Any, sides: Shape, resampling: Any, border: int) -> np.ndarray:
  """Returns a Pillow image, scaled where `fitted` scales it, in a border of a value."""
  height, width = sides
  if image.size != (size := _inside(image.size, sides)):
    image = image.resize(size, resampling)
  inner = np.asarray(image)
  top, left = (height - image.height) // 2, (width - image.width) // 2
  outer = np.full((*sides, *inner.shape[2:]), border, np.uint8)
  outer[top : top + image.height, left : left + image.width] = inner
  return outer


def _inside(size: tuple[int, int], sides: Shape) -> tuple[int, int]:
  """Returns the width and height that an image of `size` gets in `fitted`."""
  height, width = sides
  if NEAR * width <= size[0] <= width and NEAR * height <= size[1] <= height:
    return size
  return _contained(size, (width, height))


def _contained(size: tuple[int, int], most: tuple[int, int]) -> tuple[int, int]:
  """Returns the largest width and height in `most` of the aspect ratio of `size`."""
  width, height = size
  if width * most[1] > height * most[0]:  # wider than the frame
    return most[0], max(1, round(height / width * most[0]))
  return max(1, round(width / height * most[1])), most[1]


def framed(image: Any, frame: Frame) -> np.ndarray:
  """Brings an opaque Pillow image to uint8 of a frame's shape."""
  return (covering if frame.cut else fitted)(image, frame.shape)


def covering(image: Any, shape: Shape) -> np.ndarray:
  """Brings an opaque Pillow image to uint8 of `shape`, cutting off what overhangs.

  The image is scaled, bilinearly and evenly, until it just covers the shape, and its
  middle is kept (Krizhevsky et al. 2012, section 2).
  """
  from PIL import Image, ImageOps

  height, width, channels = shape
  image = image.convert({1: 'L', 3: 'RGB'}[channels])
  image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
  return np.asarray(image).reshape(shape)


def coarsened(image: Any, shape: Shape) -> Any:
  """Returns an opaque Pillow image brought to `shape`, as a Pillow image again."""
  from PIL import Image

  array = fitted(image, shape)
  return Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)


def stacked(files: Iterable[File], n: int, frame: Frame) -> np.ndarray:
  """Decodes n files to uint8 [n, *frame.shape].

  Raises:
    UserError: see `decoded`.
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
