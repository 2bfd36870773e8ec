"""Digits on cluttered backgrounds, with a class for every pixel."""

import tensorflow_datasets as tfds

from dl_core.data import clutter
from dl_core.data.builders import cluttered


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """Images of 64×64 pixels: one to three of the digits 0 to 4, and distractors."""

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = clutter.SPLITS

  def _info(self):
    return cluttered.info(self, 'masks')

  def _split_generators(self, dl_manager):
    return {
      split: self._generate_examples(split, ink)
      for split, ink in cluttered.inks().items()
    }

  def _generate_examples(self, split, ink):
    return cluttered.examples('masks', split, ink)
