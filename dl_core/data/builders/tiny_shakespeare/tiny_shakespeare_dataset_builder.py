"""Tiny Shakespeare, from its original file."""

from pathlib import Path

import tensorflow_datasets as tfds

from dl_core.data.builders import originals, texts


class Builder(texts.TextBuilder, skip_registration=True):
  """40,000 lines of Shakespeare (Karpathy, 2015), 65 characters."""

  VERSION = tfds.core.Version('2.0.0')  # the stock set, 1.0.0, is cut 90, 5, 5 %
  HOMEPAGE = 'https://github.com/karpathy/char-rnn'
  VOCABULARY = (
    "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # one 3
  )
  ORIGINALS = originals.listed(__file__)

  def _text(self, dl_manager):
    wanted = tuple(self.ORIGINALS.values())
    paths = originals.obtain(self.name, Path(self.data_dir_root), dl_manager, wanted)
    return paths['input.txt'].read_bytes().decode('ascii')
