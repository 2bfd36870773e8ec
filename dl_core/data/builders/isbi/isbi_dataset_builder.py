"""The membranes of ISBI's challenge of 2012, from their original images."""

from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from dl_core.data.builders import labelled, originals


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """30 slices of a fly's nerve cord by electron microscopy, cells and membranes.

  Arganda-Carreras et al. 2015, https://doi.org/10.3389/fnana.2015.00142. Only the
  slices with published labels are here.
  """

  VERSION = tfds.core.Version('1.0.0')
  # The numbers of the slices of each split. Neighbours show the same cells, so a random
  # split would test on what was trained on.
  SLICES = {  # noqa: RUF012
    'train': range(22),
    'validation': range(22, 25),
    'test': range(25, 30),
  }
  COUNTS = {split: len(of) for split, of in SLICES.items()}  # noqa: RUF012
  NAMES = ('membrane', 'cell')
  ORIGINALS = originals.listed(__file__)

  def _info(self):
    features = {
      'image': tfds.features.Image(shape=(512, 512, 1), encoding_format='png'),
      'segmentation_mask': tfds.features.LabeledImage(
        labels=list(self.NAMES), shape=(512, 512, 1), encoding_format='png'
      ),
    }
    note = (
      'Slices 25 to 29 of the 30 with published labels are the test set: those that '
      'the challenge tests on have none, so its leader board is of other images.'
    )
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict(features),
      disable_shuffling=True,
      homepage='https://imagej.net/events/isbi-2012-segmentation-challenge',
      metadata=tfds.core.MetadataDict(notes=[note]),
    )

  def _split_generators(self, dl_manager):
    wanted = tuple(self.ORIGINALS.values())
    paths = originals.obtain(self.name, Path(self.data_dir_root), dl_manager, wanted)
    return {
      split: self._generate_examples(paths, of) for split, of in self.SLICES.items()
    }

  def _generate_examples(self, paths, numbers):
    for number in numbers:
      white = np.asarray(Image.open(paths[f'train/label/{number}.png'])) > 127
      yield (
        number,
        {
          'image': paths[f'train/image/{number}.png'].read_bytes(),
          'segmentation_mask': labelled.png(white[..., None].astype(np.uint8)),
        },
      )
