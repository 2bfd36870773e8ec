"""Fashion-MNIST, from its original files."""

import tensorflow_datasets as tfds

from dl_core.data.builders import idx, originals


class Builder(idx.IdxBuilder, skip_registration=True):
  """Articles of clothing (Xiao, Rasul & Vollgraf, 2017)."""

  VERSION = tfds.core.Version('1.0.0')
  HOMEPAGE = 'https://github.com/zalandoresearch/fashion-mnist'
  NAMES = (
    'T-shirt/top',
    'Trouser',
    'Pullover',
    'Dress',
    'Coat',
    'Sandal',
    'Shirt',
    'Sneaker',
    'Bag',
    'Ankle boot',
  )
  ORIGINALS = originals.listed(__file__)
