"""Declarations of data sets: what is known before any example is read."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dl_core.types import UserError


class Feature(NamedTuple):
  """One part of an example.

  Attributes:
    kind: what TFDS calls it: 'Image', 'ClassLabel', 'Text', 'Tensor' ...
    shape: None where a side varies.
    names: of the classes of a ClassLabel, in the order of their numbers.
    dtype: of a Tensor, Scalar or Image: 'float32', 'string' ...; '' of other kinds.
  """

  kind: str
  shape: tuple[int | None, ...] = ()
  names: tuple[str, ...] = ()
  dtype: str = ''


class Declaration(NamedTuple):
  """A set as it is declared.

  Attributes:
    name, version: together they say which data it is, and in which order.
    features: what an example holds.
    counts: examples of each split.
    notes: sentences that belong beside every result on this data.
    folder: of its files, there or to be prepared.
    prepared: whether they are there.
    vocabulary: the tokens of a text, in the order of their code points; '' where they
      are not declared.
    target: the feature to predict from the others; '' where none is declared.
    stored: whether it was read from a workdir and has no examples; see `stored`.
  """

  name: str
  version: str
  features: Mapping[str, Feature]
  counts: Mapping[str, int]
  notes: tuple[str, ...]
  folder: Path
  prepared: bool
  vocabulary: str = ''
  target: str = ''
  stored: bool = False

  @property
  def source(self) -> str:
    return f'{self.name}/{self.version}'


def of_builder(builder: Any) -> Declaration:
  """Returns what a builder of ours declares, whose set is not prepared yet."""
  features = builder.info.features
  return Declaration(
    name=builder.name,
    version=str(builder.version),
    features={
      key: _feature(node, tuple(getattr(features[key], 'names', None) or ()))
      for key, node in features.to_json()['content']['features'].items()
    },
    counts=builder.COUNTS,
    notes=tuple(builder.info.metadata['notes']),
    folder=Path(builder.data_dir),
    prepared=False,
    vocabulary=builder.info.metadata.get('alphabet', ''),
    target=(builder.info.supervised_keys or ('', ''))[1],
  )


def in_folder(folder: Path, name: str) -> Declaration:
  """Reads what a prepared set declares, without the 0.5 s that importing TFDS takes."""
  info = read(folder / 'dataset_info.json')
  nodes = read(folder / 'features.json').get('featuresDict', {}).get('features', {})
  metadata = folder / 'metadata.json'
  more = read(metadata) if metadata.exists() else {}
  features = {}
  for key, node in nodes.items():
    names = folder / f'{key}.labels.txt'
    text = names.read_text('utf-8') if names.exists() else ''
    # Other line breaks than this one may be in a name.
    lines = tuple(line.strip() for line in text.split('\n') if line.strip())
    features[key] = _feature(node, lines)
  return Declaration(
    name=name,
    version=folder.name,
    features=features,
    counts={
      split['name']: sum(map(int, split.get('shardLengths', ())))
      for split in info.get('splits', ())
    },
    notes=tuple(more.get('notes', ())),
    folder=folder,
    prepared=True,
    vocabulary=more.get('alphabet', ''),
    target=_target(info),
  )


def read(path: Path) -> dict[str, Any]:
  """Reads a JSON file of a prepared set.

  Raises:
    UserError: it is damaged.
  """
  try:
    return json.loads(path.read_text('utf-8'))
  except (OSError, ValueError) as error:
    raise UserError(
      f'{path} cannot be read ({error}); delete {path.parent} and prepare the set again'
    ) from error


def _feature(node: Mapping[str, Any], names: tuple[str, ...]) -> Feature:
  """Reads one entry of a features.json."""
  kind = node['pythonClassName'].rpartition('.')[2]
  content = next((part for part in node.values() if isinstance(part, Mapping)), {})
  sides = map(int, content.get('shape', {}).get('dimensions', ()))
  if kind == 'ClassLabel' and not names:
    names = tuple(map(str, range(int(content['numClasses']))))
  return Feature(
    kind,
    tuple(side if side >= 0 else None for side in sides),
    names,
    dtype=(content if kind == 'Image' else node.get('tensor', {})).get('dtype', ''),
  )


def _target(info: Mapping[str, Any]) -> str:
  """Reads the second of the supervised keys in a dataset_info.json; '' without."""
  keys = info.get('supervisedKeys', {}).get('tuple', {}).get('items', ())
  return keys[1].get('featureKey', '') if len(keys) > 1 else ''


def checked(
  source: str, split: str, classes: Sequence[str], y: np.ndarray
) -> np.ndarray:
  """Returns labels y as they are.

  Raises:
    UserError: some are not the number of a class.
  """
  if not all(0 <= label < len(classes) for label in np.unique(y)):
    raise UserError(
      f'the {split} split of {source} has labels outside its classes (a competition '
      'may keep them to itself); give a set that has them'
    )
  return y
