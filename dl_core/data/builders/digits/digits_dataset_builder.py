"""The handwritten digits that come with scikit-learn."""

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data import splits
from dl_core.data.builders import labelled


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """1,797 handwritten digits of 8×8 pixels (Alpaydin & Kaynak, 1998)."""

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 1_258, 'validation': 180, 'test': 359}  # noqa: RUF012

  def _info(self):
    return labelled.info(
      self,
      shape=(8, 8, 1),
      names=tuple('0123456789'),
      homepage='https://archive.ics.uci.edu/dataset/80',
      notes=(
        'The three splits share their writers: scikit-learn ships the digits without '
        "writer ids. UCI's own test set has writers of its own, and is harder.",
      ),
    )

  def _split_generators(self, dl_manager):
    from sklearn import datasets

    digits = datasets.load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)[..., None]
    return {
      name: self._generate_examples(images[rows], digits.target[rows])
      for name, rows in splits.divided(digits.target, self.COUNTS).items()
    }

  def _generate_examples(self, images, labels):
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
      yield number, {'image': labelled.png(image), 'label': int(label)}
