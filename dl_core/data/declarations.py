"""Declarations of data sets: what is known before any example is read."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from dl_core.types import UserError


class Feature(NamedTuple):
  """One part of an example.

  Attributes:
    kind: what TFDS calls it: 'Image', 'ClassLabel', 'Text', 'Tensor' ...
    shape: None where a side varies.
    names: of the classes of a ClassLabel or LabeledImage, by their numbers.
    dtype: of a Tensor, Scalar or Image: 'float32', 'string' ...; '' of other kinds.
    parts: the features of each entry of a Sequence, or those of a FeaturesDict or
      Translation; a Sequence of one feature names it ''. A BBoxFeature is float32
      ymin, xmin, ymax, xmax, as shares of the height and width of the image.
  """

  kind: str
  shape: tuple[int | None, ...] = ()
  names: tuple[str, ...] = ()
  dtype: str = ''
  parts: Mapping[str, 'Feature'] = MappingProxyType({})


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
    given: the feature that the target is predicted from; '' where none is declared.
    stored: whether it was read from a workdir and has no examples; see `stored`.
    sizes: of graphs, which their features do not declare: {feature: its values in all
      examples together} of one that is kept as `graphs.Entries`; {'nodes': the most of
      an example} of several.
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
  given: str = ''
  stored: bool = False
  sizes: Mapping[str, int] = MappingProxyType({})

  @property
  def source(self) -> str:
    return f'{self.name}/{self.version}'


def of_builder(builder: Any) -> Declaration:
  """Returns what a builder of ours declares, whose set is not prepared yet."""
  features = builder.info.features
  given, target = builder.info.supervised_keys or ('', '')

  def names(path):
    feature = features
    for key in path:
      feature = feature[key]
    return tuple(getattr(feature, 'names', None) or ())

  return Declaration(
    name=builder.name,
    version=str(builder.version),
    features=_parts(features.to_json()['content'], names),
    counts=builder.COUNTS,
    notes=tuple(builder.info.metadata['notes']),
    folder=Path(builder.data_dir),
    prepared=False,
    vocabulary=builder.info.metadata.get('alphabet', ''),
    target=target,
    given=given if isinstance(given, str) else '',  # some sets name several
    sizes=builder.info.metadata.get('sizes', {}),
  )


def in_folder(folder: Path, name: str) -> Declaration:
  """Reads what a prepared set declares, without the 0.5 s that importing TFDS takes."""
  info = read(folder / 'dataset_info.json')
  metadata = folder / 'metadata.json'
  more = read(metadata) if metadata.exists() else {}
  given, target = _supervised(info)

  def names(path):
    file = folder / f'{"-".join(path)}.labels.txt'
    text = file.read_text('utf-8') if file.exists() else ''
    # Other line breaks than this one may be in a name.
    return tuple(line.strip() for line in text.split('\n') if line.strip())

  return Declaration(
    name=name,
    version=folder.name,
    features=_parts(_content(read(folder / 'features.json')), names),
    counts={
      split['name']: sum(map(int, split.get('shardLengths', ())))
      for split in info.get('splits', ())
    },
    notes=tuple(more.get('notes', ())),
    folder=folder,
    prepared=True,
    vocabulary=more.get('alphabet', ''),
    target=target,
    given=given,
    sizes=more.get('sizes', {}),
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


def _parts(
  content: Mapping[str, Any], names: Callable, path: tuple[str, ...] = ()
) -> dict[str, Feature]:
  """Reads the features that a FeaturesDict, a Translation or a Sequence consists of.

  Args:
    content: of its entry in a features.json.
    names: (path of a ClassLabel) -> the names of its classes; () where none are known.
    path: the names of the features around it, from the outside.
  """
  if 'languages' in content:
    return {code: Feature('Text') for code in content['languages']}
  if 'feature' in content:
    inner = _content(content['feature'])
    if 'features' in inner:
      return _parts(inner, names, path)
    return {'': _feature(content['feature'], names, path)}
  nodes = content.get('features', {})
  return {key: _feature(node, names, (*path, key)) for key, node in nodes.items()}


def _feature(
  node: Mapping[str, Any], names: Callable, path: tuple[str, ...]
) -> Feature:
  """Reads one entry of a features.json; see `_parts`."""
  kind = node['pythonClassName'].rpartition('.')[2]
  content = _content(node)
  sides = map(int, content.get('shape', {}).get('dimensions', ()))
  classes = ()
  if kind in ('ClassLabel', 'LabeledImage'):
    count = content.get('label', content).get('numClasses', 0)
    classes = names(path) or tuple(map(str, range(int(count))))
  return Feature(
    kind,
    tuple(side if side >= 0 else None for side in sides),
    classes,
    dtype=(
      content if kind in ('Image', 'LabeledImage') else node.get('tensor', {})
    ).get('dtype', ''),
    parts=_parts(content, names, path),
  )


def _content(node: Mapping[str, Any]) -> Mapping[str, Any]:
  """Returns what an entry of a features.json says of its kind."""
  return next((part for part in node.values() if isinstance(part, Mapping)), {})


def _supervised(info: Mapping[str, Any]) -> tuple[str, str]:
  """Reads the first two supervised keys of a dataset_info.json; '' without."""
  keys = info.get('supervisedKeys', {}).get('tuple', {}).get('items', ())
  first, second = (
    (each.get('featureKey', '') for each in keys[:2]) if keys else ('', '')
  )
  return first, second


def checked(
  source: str, split: str, classes: Sequence[str], y: np.ndarray
) -> np.ndarray:
  """Returns labels y as they are; without classes there is nothing to check.

  Raises:
    UserError: some are not the number of a class.
  """
  if classes and not all(0 <= label < len(classes) for label in np.unique(y)):
    raise UserError(
      f'the {split} split of {source} has labels outside its classes (a competition '
      'may keep them to itself); give a set that has them'
    )
  return y
