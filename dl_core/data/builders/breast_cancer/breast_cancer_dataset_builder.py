"""The breast tumours that come with scikit-learn."""

import tensorflow_datasets as tfds

from dl_core.data.builders import tables

MEASURES = (
  'radius',
  'texture',
  'perimeter',
  'area',
  'smoothness',
  'compactness',
  'concavity',
  'concave_points',
  'symmetry',
  'fractal_dimension',
)


class Builder(tables.TableBuilder, skip_registration=True):
  """569 breast tumours, by the nuclei of their cells (Wolberg, Street et al., 1993).

  Of each of ten measures there are the mean over the nuclei of an image, its standard
  error and the mean of the three largest values.
  """

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 398, 'validation': 57, 'test': 114}  # noqa: RUF012
  HOMEPAGE = 'https://archive.ics.uci.edu/dataset/17'
  COLUMNS = (
    *(f'mean_{measure}' for measure in MEASURES),
    *(f'{measure}_error' for measure in MEASURES),
    *(f'worst_{measure}' for measure in MEASURES),
  )
  NAMES = ('malignant', 'benign')

  def _table(self):
    from sklearn import datasets

    return datasets.load_breast_cancer(return_X_y=True)
