"""The digits of scikit-learn as the nodes of a graph: neighbours look alike."""

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data import splits

NEAREST = 8


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """1,797 handwritten digits, each joined to the 8 whose pixels are nearest.

  An edge goes both ways, so a digit may have more neighbours than 8.
  """

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 297, 'validation': 500, 'test': 1_000}  # noqa: RUF012

  def _info(self):
    features = {
      'number': tfds.features.Scalar(np.int32),
      'neighbours': tfds.features.Tensor(shape=(None,), dtype=np.int32),
      'features': tfds.features.Tensor(shape=(64,), dtype=np.float32),
      'label': tfds.features.ClassLabel(names=list('0123456789')),
    }
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict(features),
      disable_shuffling=True,
      homepage='https://archive.ics.uci.edu/dataset/80',
      metadata=tfds.core.MetadataDict(
        notes=[
          f'Each digit is joined to the {NEAREST} with the nearest pixels, test digits '
          'too: what the edges tell is what the pixels of unlabelled digits tell. '
          'Validation is 500 digits and test 1,000, drawn by a fixed seed, each class '
          'in proportion.'
        ]
      ),
    )

  def _split_generators(self, dl_manager):
    from sklearn import datasets

    digits = datasets.load_digits()
    joined = nearest(digits.data, NEAREST)
    return {
      name: self._generate_examples(digits, joined, numbers)
      for name, numbers in splits.divided(digits.target, self.COUNTS).items()
    }

  def _generate_examples(self, digits, joined, numbers):
    for number in map(int, numbers):
      yield (
        number,
        {
          'number': number,
          'neighbours': np.flatnonzero(joined[number]).astype(np.int32),
          'features': np.float32(digits.data[number] / 16),
          'label': int(digits.target[number]),
        },
      )


def nearest(x: np.ndarray, count: int) -> np.ndarray:
  """Joins each row of x [N, F] to the nearest others, both ways: bool [N, N].

  Of rows equally near, those of the lowest number are taken.
  """
  squares = (x**2).sum(1)
  distance = squares[:, None] + squares - 2 * x @ x.T
  np.fill_diagonal(distance, np.inf)
  chosen = np.argsort(distance, axis=1, kind='stable')[:, :count]
  joined = np.zeros(distance.shape, bool)
  np.put_along_axis(joined, chosen, True, axis=1)
  return joined | joined.T
