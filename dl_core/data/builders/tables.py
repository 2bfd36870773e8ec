"""What builders of tables share: a number in each column, and what it should tell."""

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data import splits


class TableBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """A table that comes with scikit-learn: {column: float32, TARGET: class or float32}.

  A set gives its VERSION, HOMEPAGE, COUNTS (of train, validation, test), COLUMNS, NAMES
  (of the classes; () where the target is a number), TARGET, NOTES and the method
  `_table`: () -> (float values [n, len(COLUMNS)], targets [n]).
  """

  COUNTS: dict[str, int]
  HOMEPAGE: str
  COLUMNS: tuple[str, ...]
  NAMES: tuple[str, ...] = ()
  TARGET: str = 'label'
  NOTES: tuple[str, ...] = ()

  def _info(self):
    names = self.NAMES
    number = tfds.features.Scalar(np.float32)
    features = dict.fromkeys(self.COLUMNS, number)
    features[self.TARGET] = tfds.features.ClassLabel(names=names) if names else number
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict(features),
      supervised_keys=({name: name for name in self.COLUMNS}, self.TARGET),
      disable_shuffling=True,
      homepage=self.HOMEPAGE,
      metadata=tfds.core.MetadataDict(notes=list(self.NOTES)),
    )

  def _split_generators(self, dl_manager):
    x, y = self._table()
    labels = y if self.NAMES else np.zeros(len(y), int)
    return {
      name: self._generate_examples(x[rows], y[rows])
      for name, rows in splits.divided(labels, self.COUNTS).items()
    }

  def _generate_examples(self, x, y):
    for number, (row, target) in enumerate(zip(x, y, strict=True)):
      values = dict(zip(self.COLUMNS, row.astype(np.float32), strict=True))
      own = int(target) if self.NAMES else np.float32(target)
      yield number, values | {self.TARGET: own}
