"""What MNIST and the sets made in its image share: four gzipped idx files."""

import gzip
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data.builders import labelled, originals

FILES = {
  'train': ('train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte.gz'),
  'test': ('t10k-images-idx3-ubyte.gz', 't10k-labels-idx1-ubyte.gz'),
}


class IdxBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """70,000 grey images of 28×28 pixels, 10 classes.

  A set gives its VERSION, HOMEPAGE, NAMES (of the classes) and ORIGINALS.
  """

  COUNTS = {'train': 60_000, 'test': 10_000}  # noqa: RUF012
  HOMEPAGE: str
  NAMES: tuple[str, ...]
  ORIGINALS: dict[str, originals.Original]

  def _info(self):
    return labelled.info(self, (28, 28, 1), self.NAMES, self.HOMEPAGE)

  def _split_generators(self, dl_manager):
    wanted = tuple(self.ORIGINALS.values())
    paths = originals.obtain(self.name, Path(self.data_dir_root), dl_manager, wanted)
    return {
      split: self._generate_examples(paths[images], paths[labels])
      for split, (images, labels) in FILES.items()
    }

  def _generate_examples(self, images, labels):
    pairs = zip(read(images), read(labels), strict=True)
    for number, (image, label) in enumerate(pairs):
      yield number, {'image': labelled.png(image[..., None]), 'label': int(label)}


def read(path: Path) -> np.ndarray:
  """Reads a gzipped idx file: a type (8: bytes), a rank, the sides, the values.

  Raises:
    ValueError: it is not one.
  """
  with gzip.open(path) as file:
    content = file.read()
  if content[:3] == b'\0\0\x08' and len(content) >= (start := 4 + 4 * content[3]):
    sides = np.frombuffer(content[4:start], '>u4')
    if len(content) == start + sides.prod():
      return np.frombuffer(content, np.uint8, offset=start).reshape(sides)
  raise ValueError(f'{path} is not an idx file of bytes')
