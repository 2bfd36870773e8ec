"""Digits as they are and as outlines: two domains, unpaired but for the test."""

import tensorflow_datasets as tfds

from dl_core.data import domains
from dl_core.data.builders import cluttered, labelled


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """Pairs of colour images of 32×32 pixels: a digit in white, an outline of a digit."""

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = domains.SPLITS

  def _info(self):
    names = tuple(map(str, range(10)))
    image = lambda: tfds.features.Image(
      shape=(domains.SIDE, domains.SIDE, 3), encoding_format='png'
    )
    label = lambda: tfds.features.ClassLabel(names=names)
    features = {
      'first': image(),
      'first_label': label(),
      'second': image(),
      'second_label': label(),
    }
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict(features),
      disable_shuffling=True,
      homepage='https://archive.ics.uci.edu/dataset/80',
      metadata=tfds.core.MetadataDict(
        notes=[
          'No digit of the training split is in both domains; those of validation and '
          'test are, in pairs, and are used to measure alone.'
        ]
      ),
    )

  def _split_generators(self, dl_manager):
    return {
      split: self._generate_examples(split, ink)
      for split, ink in cluttered.inks().items()
    }

  def _generate_examples(self, split, ink):
    for number in range(self.COUNTS[split]):
      pair = domains.draw(domains.generator(split, number), split, ink)
      first, second = map(labelled.png, pair.images)
      yield (
        number,
        {
          'first': first,
          'first_label': pair.labels[0],
          'second': second,
          'second_label': pair.labels[1],
        },
      )
