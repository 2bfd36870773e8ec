"""The wines that come with scikit-learn."""

import tensorflow_datasets as tfds

from dl_core.data.builders import tables


class Builder(tables.TableBuilder, skip_registration=True):
  """178 wines of three growers, by chemical analysis (Forina et al., 1988)."""

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 124, 'validation': 18, 'test': 36}  # noqa: RUF012
  HOMEPAGE = 'https://archive.ics.uci.edu/dataset/109'
  COLUMNS = (
    'alcohol',
    'malic_acid',
    'ash',
    'alcalinity_of_ash',
    'magnesium',
    'total_phenols',
    'flavanoids',
    'nonflavanoid_phenols',
    'proanthocyanins',
    'color_intensity',
    'hue',
    'od280_od315_of_diluted_wines',
    'proline',
  )
  NAMES = ('class_0', 'class_1', 'class_2')

  def _table(self):
    from sklearn import datasets

    return datasets.load_wine(return_X_y=True)
