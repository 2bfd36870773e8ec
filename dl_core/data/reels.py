"""Reads a film of one's own: a folder of images, or one file with several."""

import io
from pathlib import Path

import numpy as np

from dl_core.data import pillow
from dl_core.types import UserError


def read(path: str, count: int, frame: pillow.Frame) -> np.ndarray:
  """Reads a film of `count` frames, uint8 [count, H, W, C].

  Args:
    path: of a folder, whose images are the frames in the order of their names; or of a
      file with several images, such as an animated GIF.
    count: how many frames are wanted.
    frame: the shape of each.

  Raises:
    UserError: it cannot be read, or has another number of frames.
  """
  folder = Path(path)
  if folder.is_dir():
    suffixes = pillow.suffixes()
    names = sorted(each for each in folder.iterdir() if each.suffix.lower() in suffixes)
    files = [pillow.read(str(each)) for each in names]
  else:
    files = split(pillow.read(path))
  if len(files) != count:
    raise UserError(
      f'{path} was given, a film of {len(files)} frames; films of {count} are wanted, '
      'give a folder of as many images, or an animated GIF'
    )
  return np.stack([pillow.framed(pillow.decoded(file), frame) for file in files])


def split(file: pillow.File) -> list[pillow.File]:
  """Returns each image of a file as a file of its own."""
  from PIL import Image, ImageSequence

  pillow.decoded(file)  # raises where it is no image
  found = []
  with Image.open(io.BytesIO(file.content)) as images:
    for number, image in enumerate(ImageSequence.Iterator(images)):
      memory = io.BytesIO()
      image.convert('RGB').save(memory, 'png')
      found.append(pillow.File(f'image {number} of {file.name}', memory.getvalue()))
  return found
