"""Opens data sets by name, as random-access records; all files are read through here.

A data set is a folder DATA_DIR/NAME/VERSION as TensorFlow Datasets (TFDS) lays it out,
in the format array_record, which is read without TensorFlow. It was prepared by TFDS
(any set, with TensorFlow) or is prepared here by our own builder of that name.
"""

import contextlib
import difflib
import errno
import fcntl
import importlib
import io
import os
import pkgutil
import re
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dl_core import config
from dl_core.data import builders, declarations, stored
from dl_core.data.declarations import Declaration
from dl_core.types import UserError

FORMAT = 'array_record'
CHUNK = 1_024  # examples read at a time
# The user's own data, which need no preparing, and what --data_dir is for each.
USERS = {'edges': 'DIR', 'folder': 'DIR', 'pairs': 'FILE', 'text': 'FILE'}


def root(data_dir: str = '') -> Path:
  """Returns the folder of all data sets; '' is $TFDS_DATA_DIR or TFDS's default."""
  default = os.environ.get('TFDS_DATA_DIR') or '~/tensorflow_datasets'
  return config.path(data_dir or default)


def declare(name: str, data_dir: str = '') -> Declaration:
  """Returns what the set `name` declares, reading no example and preparing nothing.

  Args:
    name: of the set.
    data_dir: see `root`; or the workdir of a run, whose stored declaration is enough
      for all that asks for no example.

  Raises:
    UserError: there is no such set, or only in a format that needs TensorFlow.
  """
  kept = stored.declaration(name, data_dir)
  if kept and newest(name, root(data_dir)) is None:
    return kept
  if not re.fullmatch(r'\w[\w.+-]*(/\w[\w.+-]*)*', name):
    raise UserError(_unknown(name, root(data_dir)))
  folder = newest(name, root(data_dir))
  if folder is not None:
    return declarations.in_folder(folder, name)
  if name not in own():
    raise UserError(_unknown(name, root(data_dir)))
  return declarations.of_builder(_builder(name, root(data_dir)))


def newest(name: str, data_dir: Path) -> Path | None:
  """Finds the newest prepared version of a set that can be read without TensorFlow."""
  found, others = {}, []
  for path in data_dir.joinpath(name).glob('*/dataset_info.json'):
    if not re.fullmatch(r'\d+\.\d+\.\d+', path.parent.name):
      continue
    info = declarations.read(path)
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


def records(
  declaration: Declaration, split: str, encoded: Collection[str] = ()
) -> Sequence[Mapping[str, Any]]:
  """Opens a split: a random-access sequence of examples, prepared if need be.

  Args:
    declaration: which set.
    split: its name.
    encoded: the features to leave as the bytes of their files.

  Raises:
    UserError: the set cannot be prepared or opened.
  """
  import tensorflow_datasets as tfds

  folder = prepare(declaration).folder
  skipped = {feature: tfds.decode.SkipDecoding() for feature in encoded}
  try:
    builder = tfds.builder_from_directory(folder, file_format=FORMAT)
    return builder.as_data_source(split, decoders=skipped or None)
  except (OSError, RuntimeError, ValueError) as error:
    raise UserError(_damaged(declaration, error)) from error


def examples(
  declaration: Declaration, split: str, encoded: Collection[str] = ()
) -> Iterator[Mapping[str, Any]]:
  """Reads all of a split in order; reading many examples at a time is faster.

  Raises:
    UserError: the set cannot be prepared or read.
  """
  source: Any = records(declaration, split, encoded)  # it has __getitems__ too
  for start in range(0, len(source), CHUNK):
    try:
      chunk = source.__getitems__(range(start, min(start + CHUNK, len(source))))
    except (OSError, RuntimeError, ValueError) as error:
      raise UserError(_damaged(declaration, error)) from error
    yield from chunk


def prepare(declaration: Declaration) -> Declaration:
  """Makes a set with our builder, unless it is there or another process makes it.

  It appears whole or not at all.

  Raises:
    UserError: its original files cannot be had, or it cannot be written.
  """
  if declaration.prepared:
    return declaration
  if declaration.stored:
    raise stored.refused(declaration)
  name, folder = declaration.name, declaration.folder
  data_dir = folder.parent.parent
  if (folder / 'dataset_info.json').exists():  # who holds the lock may ask for it, too
    return declarations.in_folder(folder, name)
  try:
    with locked(data_dir, name) as alone:
      if not (folder / 'dataset_info.json').exists():
        # Of a killed process; without a lock another one may be writing there.
        for leftover in folder.parent.glob('*incomplete*') if alone else ():
          shutil.rmtree(leftover)
        _make(_builder(name, data_dir))
  except (OSError, RuntimeError) as error:
    if isinstance(error, RuntimeError) and 'write() failed' not in str(error):
      raise  # not array_record's error on a full disk
    reason = getattr(error, 'strerror', None) or str(error)
    raise UserError(
      f'{name} cannot be written under {data_dir} ({reason}); '
      'give a folder that can be written, and has room, as --data_dir'
    ) from error
  return declarations.in_folder(folder, name)


def own() -> list[str]:
  """Lists the sets that we have builders of."""
  return [
    module.name for module in pkgutil.iter_modules(builders.__path__) if module.ispkg
  ]


def prepared(data_dir: Path) -> list[str]:
  """Lists the sets that are prepared under a folder, in any format."""
  found = data_dir.glob('*/*.*.*/dataset_info.json')
  return sorted({path.parent.parent.name for path in found})


def _builder(name: str, data_dir: Path) -> Any:
  package = f'{builders.__name__}.{name}.{name}_dataset_builder'
  return importlib.import_module(package).Builder(data_dir=data_dir)


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


def _damaged(declaration: Declaration, error: Exception) -> str:
  reason = ' '.join(str(error).split())[:200]
  folder = declaration.folder
  return f'{folder} cannot be read ({reason}); delete it and prepare the set again'


def _unknown(name: str, data_dir: Path) -> str:
  known = sorted({*own(), *prepared(data_dir), *USERS} - {name})
  near = difflib.get_close_matches(name, known, n=1)
  hint = f'did you mean {near[0]}? ' if near else ''
  return (
    f'--dataset={name} was given; {hint}known here are {", ".join(known)}, and any set '
    f'of TensorFlow Datasets once it is prepared as {FORMAT} under {data_dir}'
  )


@contextlib.contextmanager
def locked(data_dir: Path, name: str) -> Iterator[bool]:
  """Keeps other processes from preparing the same set at the same time.

  Yields:
    Whether it does: not every file system has locks, and TFDS moves a set into place
    whole in any case.
  """
  data_dir.mkdir(parents=True, exist_ok=True)
  with open(data_dir / f'.{name}.lock', 'w') as file:
    try:
      fcntl.flock(file, fcntl.LOCK_EX)
      alone = True
    except OSError as error:
      if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
        raise
      alone = False
    yield alone
