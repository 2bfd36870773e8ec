"""Drawn faces of eight kinds, and what each of them shows."""

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data import faces
from dl_core.data.builders import labelled


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """Faces of 32×32 pixels, with or without a smile, glasses and long hair."""

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = faces.SPLITS

  def _info(self):
    features = {
      'image': tfds.features.Image(
        shape=(faces.SIDE, faces.SIDE, 3), encoding_format='png'
      ),
      'label': tfds.features.ClassLabel(names=faces.KINDS),
      'tone': tfds.features.Scalar(np.float32),
      'shade': tfds.features.Scalar(np.float32),
      'ground': tfds.features.Tensor(shape=(3,), dtype=np.float32),
      'shirt': tfds.features.Tensor(shape=(3,), dtype=np.float32),
      'pose': tfds.features.Tensor(shape=(4,), dtype=np.float32),
    }
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict(features),
      supervised_keys=('image', 'label'),
      disable_shuffling=True,
      metadata=tfds.core.MetadataDict(notes=['The faces are drawn, not photographed.']),
    )

  def _split_generators(self, dl_manager):
    return {split: self._generate_examples(split) for split in self.COUNTS}

  def _generate_examples(self, split):
    for number in range(self.COUNTS[split]):
      traits = faces.drawn(faces.generator(split, number))
      yield (
        number,
        {
          'image': labelled.png(faces.painted(traits)),
          'label': traits.kind,
          'tone': np.float32(traits.tone),
          'shade': np.float32(traits.shade),
          'ground': traits.ground.astype(np.float32),
          'shirt': traits.shirt.astype(np.float32),
          'pose': np.array(traits.pose, np.float32),
        },
      )
