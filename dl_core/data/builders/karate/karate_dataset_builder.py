"""Zachary's karate club, which comes with networkx."""

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data import splits

LEADERS = (0, 33)  # the instructor and the administrator


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """The 34 members of a karate club that split in two, and 78 ties (Zachary, 1977)."""

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 2, 'validation': 8, 'test': 24}  # noqa: RUF012

  def _info(self):
    features = {
      'number': tfds.features.Scalar(np.int32),
      'neighbours': tfds.features.Tensor(shape=(None,), dtype=np.int32),
      'label': tfds.features.ClassLabel(names=['Mr. Hi', 'Officer']),
    }
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict(features),
      disable_shuffling=True,
      homepage='https://doi.org/10.1086/jar.33.4.3629752',
      metadata=tfds.core.MetadataDict(
        notes=[
          'The training labels are those of the two leaders alone; of the other 32 '
          'members 8, drawn by a fixed seed and half of each club, validate, and 24 '
          'test. A label is the club that a member joined after the split, and ties '
          'have no weights.'
        ]
      ),
    )

  def _split_generators(self, dl_manager):
    import networkx

    graph = networkx.karate_club_graph()
    names = self.info.features['label'].names
    labels = np.array([names.index(graph.nodes[n]['club']) for n in range(len(graph))])
    rest = np.setdiff1d(np.arange(len(graph)), LEADERS)
    chosen = splits.carve(labels[rest], self.COUNTS['validation'])
    nodes = {'train': LEADERS, 'validation': rest[chosen], 'test': rest[~chosen]}
    return {
      split: self._generate_examples(graph, labels, numbers)
      for split, numbers in nodes.items()
    }

  def _generate_examples(self, graph, labels, numbers):
    for number in map(int, numbers):
      neighbours = np.array(sorted(graph[number]), np.int32)
      yield (
        number,
        {'number': number, 'neighbours': neighbours, 'label': int(labels[number])},
      )
