"""CIFAR-10, from its binary batches or the archive that holds them."""

import tarfile
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data.builders import labelled, originals

ARCHIVE = 'cifar-10-binary.tar.gz'
FILES = {
  'train': tuple(f'cifar-10-batches-bin/data_batch_{i}.bin' for i in range(1, 6)),
  'test': ('cifar-10-batches-bin/test_batch.bin',),
}


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """60,000 colour photographs of 32×32 pixels (Krizhevsky, 2009)."""

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 50_000, 'test': 10_000}  # noqa: RUF012
  NAMES = tuple(
    'airplane automobile bird cat deer dog frog horse ship truck'.split()  # noqa: SIM905
  )
  ORIGINALS = originals.listed(__file__)

  def _info(self):
    homepage = 'https://www.cs.toronto.edu/~kriz/cifar.html'
    return labelled.info(self, (32, 32, 3), self.NAMES, homepage)

  def _split_generators(self, dl_manager):
    archive = (self.ORIGINALS[ARCHIVE],)
    batches = [self.ORIGINALS[name] for names in FILES.values() for name in names]
    paths = originals.obtain(
      self.name, Path(self.data_dir_root), dl_manager, batches, archive
    )
    return {
      split: self._generate_examples(paths, names) for split, names in FILES.items()
    }

  def _generate_examples(self, paths, names):
    number = 0
    for name in names:
      if ARCHIVE in paths:
        with tarfile.open(paths[ARCHIVE]) as archive:
          content = archive.extractfile(name).read()
      else:
        content = paths[name].read_bytes()
      for row in np.frombuffer(content, np.uint8).reshape(-1, 1 + 3 * 32 * 32):
        image = row[1:].reshape(3, 32, 32).transpose(1, 2, 0)
        yield number, {'image': labelled.png(image), 'label': int(row[0])}
        number += 1
