"""A name in, random-access records out: the one door for data that comes as files.

A data set is a folder DATA_DIR/NAME/VERSION as TensorFlow Datasets (TFDS) lays it out,
in the format array_record, which is read without TensorFlow. It was prepared by TFDS
(any set, with TensorFlow) or is prepared here by our own builder of that name.
"""

import contextlib
import difflib
import fcntl
import importlib
import io
import json
import os
import pkgutil
import re
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dl_core.data import builders
from dl_core.types import UserError

FORMAT = 'array_record'


class Feature(NamedTuple):
  """One part of an example.

  Attributes:
    kind: what TFDS calls it: 'Image', 'ClassLabel', 'Text', 'Tensor' ...
    shape: None where a side varies.
    names: of the classes of a ClassLabel, in the order of their numbers.
  """

  kind: str
  shape: tuple[int | None, ...] = ()
  names: tuple[str, ...] = ()


class Declaration(NamedTuple):
  """What is known of a set before any example is read.

  Attributes:
    name, version: together they say which data it is, and in which order.
    features: what an example holds.
    counts: examples of each split.
    notes: sentences that belong beside every result on this data.
    folder: where the set lies; None if it is not prepared yet.
    data_dir: where it will lie.
  """

  name: str
  version: str
  features: Mapping[str, Feature]
  counts: Mapping[str, int]
  notes: tuple[str, ...]
  folder: Path | None
  data_dir: Path

  @property
  def source(self) -> str:
    return f'{self.name}/{self.version}'


def root(data_dir: str = '') -> Path:
  """Returns the folder of all data sets; '' is $TFDS_DATA_DIR or TFDS's default."""
  default = os.environ.get('TFDS_DATA_DIR') or '~/tensorflow_datasets'
  return Path(data_dir or default).expanduser()


def declare(name: str, data_dir: str = '') -> Declaration:
  """Says what the set `name` holds, reading no example and preparing nothing.

  Raises:
    UserError: there is no such set, or only in a format that needs TensorFlow.
  """
  if not re.fullmatch(r'\w[\w.+-]*(/\w[\w.+-]*)*', name):
    raise UserError(_unknown(name, root(data_dir)))
  folder = newest(name, root(data_dir))
  if folder is not None:
    return _declared_in(folder, root(data_dir))
  if name not in own():
    raise UserError(_unknown(name, root(data_dir)))
  builder = _builder(name, root(data_dir))
  features = builder.info.features
  return Declaration(
    name=name,
    version=str(builder.version),
    features={
      key: _feature(node, tuple(getattr(features[key], 'names', None) or ()))
      for key, node in features.to_json()['content']['features'].items()
    },
    counts=builder.COUNTS,
    notes=tuple(builder.info.metadata['notes']),
    folder=None,
    data_dir=root(data_dir),
  )


def records(
  declaration: Declaration, split: str, encoded: Collection[str] = ()
) -> Sequence[Mapping[str, Any]]:
  """Opens a split: a random-access sequence of examples, prepared if need be.

  Args:
    declaration: which set.
    split: its name.
    encoded: the features to leave as the bytes of their files.

  Raises:
    UserError: the set cannot be prepared or read.
  """
  import tensorflow_datasets as tfds

  folder = declaration.folder or prepare(declaration).folder
  skipped = {feature: tfds.decode.SkipDecoding() for feature in encoded}
  try:
    builder = tfds.builder_from_directory(folder, file_format=FORMAT)
    return builder.as_data_source(split, decoders=skipped or None)
  except (OSError, RuntimeError, ValueError) as error:
    raise UserError(damaged(declaration, error)) from error


def prepare(declaration: Declaration) -> Declaration:
  """Makes a set with our builder, unless another process has just done so.

  The set appears whole or not at all.

  Raises:
    UserError: its original files are not to be had, or it cannot be written.
  """
  name, data_dir = declaration.name, declaration.data_dir
  try:
    with _locked(data_dir, name):
      target = data_dir / name / declaration.version
      if not (target / 'dataset_info.json').exists():
        for leftover in target.parent.glob('*incomplete*'):  # of a killed process
          shutil.rmtree(leftover)
        _make(_builder(name, data_dir))
  except OSError as error:
    raise UserError(
      f'{name} cannot be written under {data_dir}: {error.strerror or error}; '
      'give a folder with room as --data_dir'
    ) from error
  return _declared_in(target, data_dir)


def _make(builder: Any) -> None:
  """Runs a builder, with progress bars where a person may be looking."""
  import tensorflow_datasets as tfds

  # Its own folder, so that TFDS does not take another set's file of the same name.
  manual = Path(builder.data_dir_root) / 'downloads' / 'manual' / builder.name
  tfds.display_progress_bar(sys.stderr.isatty())
  with contextlib.redirect_stdout(io.StringIO()):
    builder.download_and_prepare(
      file_format=FORMAT,
      download_config=tfds.download.DownloadConfig(manual_dir=manual),
    )


def newest(name: str, data_dir: Path) -> Path | None:
  """Finds the newest prepared version of a set that can be read without TensorFlow."""
  found, others = {}, []
  for path in data_dir.joinpath(name).glob('*/dataset_info.json'):
    if not re.fullmatch(r'\d+\.\d+\.\d+', path.parent.name):
      continue
    info = _json(path)
    formats = [info.get('fileFormat'), *info.get('alternativeFileFormats', ())]
    if FORMAT in formats:
      found[tuple(map(int, path.parent.name.split('.')))] = path.parent
    else:
      others.append(f'{path.parent} ({formats[0] or "tfrecord"})')
  if others and not found:
    raise UserError(
      f'{name} is prepared only as {", ".join(others)}, which needs TensorFlow; '
      f'prepare it with file_format={FORMAT!r}, or give another --data_dir'
    )
  return found[max(found)] if found else None


def own() -> list[str]:
  """Lists the sets that we have builders of."""
  return [
    module.name for module in pkgutil.iter_modules(builders.__path__) if module.ispkg
  ]


def prepared(data_dir: Path) -> list[str]:
  """Lists the sets that are prepared under a folder, in whatever format."""
  found = data_dir.glob('*/*.*.*/dataset_info.json')
  return sorted({path.parent.parent.name for path in found})


def damaged(declaration: Declaration, error: Exception) -> str:
  """Words for a set that is there and cannot be read."""
  reason = ' '.join(str(error).split())[:200]
  return (
    f'{declaration.source} in {declaration.data_dir} cannot be read ({reason}); delete '
    f'{declaration.folder or declaration.data_dir / declaration.source} and prepare it '
    'again'
  )


def _declared_in(folder: Path, data_dir: Path) -> Declaration:
  """Reads what a prepared set declares, without the 0.5 s that importing TFDS takes."""
  info = _json(folder / 'dataset_info.json')
  nodes = _json(folder / 'features.json').get('featuresDict', {}).get('features', {})
  metadata = folder / 'metadata.json'
  notes = _json(metadata).get('notes', ()) if metadata.exists() else ()
  features = {}
  for key, node in nodes.items():
    names = folder / f'{key}.labels.txt'
    lines = names.read_text('utf-8').splitlines() if names.exists() else ()
    features[key] = _feature(node, tuple(lines))
  return Declaration(
    name=folder.parent.relative_to(data_dir).as_posix(),
    version=folder.name,
    features=features,
    counts={
      split['name']: sum(map(int, split.get('shardLengths', ())))
      for split in info.get('splits', ())
    },
    notes=tuple(notes),
    folder=folder,
    data_dir=data_dir,
  )


def _feature(node: Mapping[str, Any], names: tuple[str, ...]) -> Feature:
  """Reads one entry of a features.json."""
  kind = node['pythonClassName'].rpartition('.')[2]
  content = next((part for part in node.values() if isinstance(part, Mapping)), {})
  sides = map(int, content.get('shape', {}).get('dimensions', ()))
  if kind == 'ClassLabel' and not names:
    names = tuple(map(str, range(int(content['numClasses']))))
  return Feature(kind, tuple(side if side >= 0 else None for side in sides), names)


def _builder(name: str, data_dir: Path) -> Any:
  package = f'{builders.__name__}.{name}.{name}_dataset_builder'
  return importlib.import_module(package).Builder(data_dir=data_dir)


def _json(path: Path) -> dict[str, Any]:
  try:
    return json.loads(path.read_text('utf-8'))
  except (OSError, ValueError) as error:
    raise UserError(
      f'{path} cannot be read ({error}); delete {path.parent} and prepare the set again'
    ) from error


def _unknown(name: str, data_dir: Path) -> str:
  known = sorted({*own(), *prepared(data_dir), 'folder'})
  near = difflib.get_close_matches(name, known, n=1)
  hint = f'did you mean {near[0]}? ' if near else ''
  return (
    f'--dataset={name} was given; {hint}known here are {", ".join(known)}, and any set '
    f'of TensorFlow Datasets once it is prepared as {FORMAT} under {data_dir}'
  )


@contextlib.contextmanager
def _locked(data_dir: Path, name: str) -> Iterator[None]:
  """Keeps other processes from preparing the same set at the same time."""
  data_dir.mkdir(parents=True, exist_ok=True)
  with open(data_dir / f'.{name}.lock', 'w') as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    yield
