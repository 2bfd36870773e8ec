"""MNIST, from its original files."""

import tensorflow_datasets as tfds

from dl_core.data.builders import idx, originals


class Builder(idx.IdxBuilder, skip_registration=True):
  """Handwritten digits (LeCun, Cortes & Burges, 1998)."""

  VERSION = tfds.core.Version('1.0.0')
  HOMEPAGE = 'http://yann.lecun.com/exdb/mnist/'
  NAMES = tuple('0123456789')
  ORIGINALS = originals.listed(__file__)
