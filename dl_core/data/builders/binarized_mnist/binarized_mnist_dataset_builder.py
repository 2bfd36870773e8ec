"""MNIST in black and white, binarised once and for all, from its original files."""

import io
import lzma
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data.builders import labelled, originals

SIDE = 28
PACKED = 'binarized_mnist_bits.npz.xz'
TEXTS = {
  'train': 'binarized_mnist_train.amat',
  'validation': 'binarized_mnist_valid.amat',
  'test': 'binarized_mnist_test.amat',
}


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """Fixed binarised MNIST without labels (Larochelle & Murray, 2011).

  Every pixel was drawn once, white with the probability of its grey value. Densities
  of this set are comparable with each other, but not with those of images that are
  drawn anew at every step.
  """

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 50_000, 'validation': 10_000, 'test': 10_000}  # noqa: RUF012
  ORIGINALS = originals.listed(__file__)

  def _info(self):
    image = tfds.features.Image(shape=(SIDE, SIDE, 1), encoding_format='png')
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict({'image': image}),
      disable_shuffling=True,
      homepage='http://proceedings.mlr.press/v15/larochelle11a.html',
      metadata=tfds.core.MetadataDict(notes=['Binarised once (Larochelle).']),
    )

  def _split_generators(self, dl_manager):
    packed = (self.ORIGINALS[PACKED],)
    texts = tuple(self.ORIGINALS[name] for name in TEXTS.values())
    paths = originals.obtain(
      self.name, Path(self.data_dir_root), dl_manager, packed, texts
    )
    arrays = unpacked(paths[PACKED]) if PACKED in paths else parsed(paths)
    return {split: self._generate_examples(images) for split, images in arrays.items()}

  def _generate_examples(self, images):
    for number, image in enumerate(images):
      yield number, {'image': labelled.png(255 * image[..., None])}


def unpacked(path: Path) -> dict[str, np.ndarray]:
  """Reads the splits' bits, eight to a byte. Returns 0 or 1 as uint8 [N, 28, 28]."""
  with lzma.open(path) as file, np.load(io.BytesIO(file.read())) as bits:
    rows = {
      split: np.unpackbits(bits[name], axis=1)
      for split, name in zip(TEXTS, ('train', 'valid', 'test'), strict=True)
    }
  return {split: of.reshape(-1, SIDE, SIDE) for split, of in rows.items()}


def parsed(paths: Mapping[str, Path]) -> dict[str, np.ndarray]:
  """Reads the text files: one image per line, 784 digits 0 or 1 with spaces between."""
  rows = {}
  for split, name in TEXTS.items():
    text = np.frombuffer(paths[name].read_bytes(), np.uint8)
    bits = text[(text == ord('0')) | (text == ord('1'))] - ord('0')
    rows[split] = bits.reshape(-1, SIDE, SIDE)
  return rows
