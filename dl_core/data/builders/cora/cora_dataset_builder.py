"""Cora: papers on machine learning and their citations, from Planetoid's files."""

from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data.builders import originals, planetoid

WORDS = 1_433


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """2,708 papers in 7 fields and the 5,278 citations between them.

  Sen et al. 2008, in the split of Yang et al. 2016 (https://arxiv.org/abs/1603.08861):
  20 labels a class train, 500 validate, 1,000 test.
  """

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 140, 'validation': 500, 'test': 1_000, 'rest': 1_068}  # noqa: RUF012
  # In the order of the label numbers, by the sizes of the classes.
  NAMES = (
    *('Theory', 'Reinforcement learning', 'Genetic algorithms', 'Neural networks'),
    *('Probabilistic methods', 'Case-based', 'Rule learning'),
  )
  SIZES = {'neighbours': 2 * 5_278, 'words': 49_216}  # noqa: RUF012
  ORIGINALS = originals.listed(__file__)

  def _info(self):
    features = {
      'number': tfds.features.Scalar(np.int32),
      'neighbours': tfds.features.Tensor(shape=(None,), dtype=np.int32),
      'words': tfds.features.Sequence(tfds.features.ClassLabel(num_classes=WORDS)),
      'label': tfds.features.ClassLabel(names=self.NAMES),
    }
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict(features),
      disable_shuffling=True,
      homepage='https://github.com/kimiyoung/planetoid',
      metadata=tfds.core.MetadataDict(
        sizes=self.SIZES,
        notes=[
          "The splits are Planetoid's: 20 labelled papers of each field train, 500 "
          'validate, 1,000 test, and the other 1,068 have no label to learn from. The '
          'graph file lists 10,858 neighbours; without doubles and papers that cite '
          'themselves 5,278 edges are left.'
        ],
      ),
    )

  def _split_generators(self, dl_manager):
    wanted = tuple(self.ORIGINALS.values())
    paths = originals.obtain(self.name, Path(self.data_dir_root), dl_manager, wanted)
    found = planetoid.read(paths, 'cora')
    return {
      split: self._generate_examples(found, found.splits[split])
      for split in self.COUNTS
    }

  def _generate_examples(self, found, numbers):
    for number in map(int, numbers):
      yield (
        number,
        {
          'number': number,
          'neighbours': found.cites[number],
          'words': found.words[number].tolist(),
          'label': int(found.labels[number]),
        },
      )
