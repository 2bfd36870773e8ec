"""MUTAG: molecules that are mutagenic or not, with the ten folds of DGCNN's authors."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data.builders import originals
from dl_core.types import UserError

TAGS, FOLDS = 7, 10
LABELS = {'0': 0, '2': 1}  # in the file: -> the number of the class


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """188 aromatic compounds; 125 are mutagenic (Debnath et al., 1991).

  Nodes are atoms of 7 kinds, edges are bonds; hydrogen is left out.
  """

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 188}  # noqa: RUF012
  SIZES = {'nodes': 28}  # noqa: RUF012
  ORIGINALS = originals.listed(__file__)

  def _info(self):
    features = {
      'tags': tfds.features.Sequence(tfds.features.ClassLabel(num_classes=TAGS)),
      'edges': tfds.features.Tensor(shape=(None, 2), dtype=np.int32),
      'label': tfds.features.ClassLabel(names=['not mutagenic', 'mutagenic']),
      'fold': tfds.features.Scalar(np.int32),
    }
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict(features),
      disable_shuffling=True,
      homepage='https://github.com/muhanzhang/pytorch_DGCNN',
      metadata=tfds.core.MetadataDict(
        sizes=self.SIZES,
        notes=[
          'The ten folds are those that come with the set: 18 molecules each, so that '
          '8 of the 188 are in no fold, and not stratified: 10 to 15 are mutagenic.'
        ],
      ),
    )

  def _split_generators(self, dl_manager):
    wanted = tuple(self.ORIGINALS.values())
    paths = originals.obtain(self.name, Path(self.data_dir_root), dl_manager, wanted)
    graphs = list(parsed(paths['MUTAG.txt']))
    folds = np.full(len(graphs), -1)
    for fold in range(FOLDS):
      text = paths[f'10fold_idx/test_idx-{fold + 1}.txt'].read_text('ascii')
      folds[np.array(text.split(), int)] = fold
    return {'train': self._generate_examples(graphs, folds)}

  def _generate_examples(self, graphs, folds):
    for number, (graph, fold) in enumerate(zip(graphs, folds, strict=True)):
      yield number, {**graph, 'fold': int(fold)}


def parsed(path: Path) -> Iterator[dict]:
  """Reads graphs as they are written: 'nodes label', then 'tag count neighbour ...'.

  Raises:
    UserError: a line is of another form.
  """
  lines = path.read_text('ascii').splitlines()
  place = 0

  def numbers(least: int) -> Sequence[str]:
    nonlocal place
    words = lines[place].split() if place < len(lines) else []
    place += 1
    if len(words) < least or not all(word.isdigit() for word in words):
      raise UserError(
        f'line {place} of {path} is not as wanted, at least {least} whole numbers; put '
        'the original file in its place'
      )
    return words

  for _ in range(int(numbers(1)[0])):
    count, label = numbers(2)[:2]
    rows = [numbers(2) for _ in range(int(count))]
    edges = [(node, int(other)) for node, row in enumerate(rows) for other in row[2:]]
    yield {
      'tags': [int(row[0]) for row in rows],
      'edges': np.array(edges, np.int32).reshape(-1, 2),
      'label': LABELS[label],
    }
