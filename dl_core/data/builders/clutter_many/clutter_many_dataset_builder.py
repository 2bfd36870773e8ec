"""Handwritten digits on cluttered backgrounds, with their boxes."""

import tensorflow_datasets as tfds

from dl_core.data import clutter
from dl_core.data.builders import cluttered


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """Colour images of 96×96 pixels: one to five digits among distractors."""

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = clutter.SPLITS

  def _info(self):
    return cluttered.info(self, 'many')

  def _split_generators(self, dl_manager):
    return {
      split: self._generate_examples(split, ink)
      for split, ink in cluttered.inks().items()
    }

  def _generate_examples(self, split, ink):
    return cluttered.examples('many', split, ink)
