"""The irises that come with scikit-learn."""

import tensorflow_datasets as tfds

from dl_core.data.builders import tables


class Builder(tables.TableBuilder, skip_registration=True):
  """150 irises of three species, measured in centimetres (Anderson; Fisher, 1936)."""

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 105, 'validation': 15, 'test': 30}  # noqa: RUF012
  HOMEPAGE = 'https://archive.ics.uci.edu/dataset/53'
  COLUMNS = ('sepal_length', 'sepal_width', 'petal_length', 'petal_width')
  NAMES = ('setosa', 'versicolor', 'virginica')

  def _table(self):
    from sklearn import datasets

    return datasets.load_iris(return_X_y=True)
