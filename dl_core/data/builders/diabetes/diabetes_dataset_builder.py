"""The patients with diabetes that come with scikit-learn."""

import tensorflow_datasets as tfds

from dl_core.data.builders import tables


class Builder(tables.TableBuilder, skip_registration=True):
  """442 patients with diabetes and its progression in a year (Efron et al., 2004).

  Age in years, sex (1 or 2), body mass index, mean arterial pressure, six measures of
  the blood serum; the progression is a number between 25 and 346.
  """

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 310, 'validation': 44, 'test': 88}  # noqa: RUF012
  HOMEPAGE = 'https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html'
  COLUMNS = ('age', 'sex', 'bmi', 'bp', 's1', 's2', 's3', 's4', 's5', 's6')
  TARGET = 'progression'

  def _table(self):
    from sklearn import datasets

    return datasets.load_diabetes(return_X_y=True, scaled=False)
