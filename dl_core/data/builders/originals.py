"""Original files: found by their checksums, where a user puts them, or downloaded.

MNIST and Fashion-MNIST are published under the same four file names, so a name does not
say which set a file is; its checksum does.
"""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dl_core.types import UserError


class Original(NamedTuple):
  """A file as it was published: a row of a checksums.tsv, in TFDS's layout."""

  url: str
  size: int  # bytes
  sha256: str
  name: str  # its path, with '/'


def listed(builder_file: str) -> dict[str, Original]:
  """Reads the checksums.tsv beside a builder's `__file__`: {name: Original}."""
  rows = Path(builder_file).with_name('checksums.tsv').read_text('utf-8').splitlines()
  cells = (row.split('\t') for row in rows)
  return {name: Original(url, int(size), sha, name) for url, size, sha, name in cells}


def obtain(
  dataset: str, data_dir: Path, downloads: Any, *choices: Sequence[Original]
) -> Mapping[str, Path]:
  """Finds all files of one of the choices, downloading those of the last if need be.

  They are looked for in downloads/manual/DATASET/ first, then in downloads/manual/.

  Args:
    dataset: its name.
    data_dir: the folder of all data sets.
    downloads: TFDS's DownloadManager.
    *choices: files that will do, in order of preference.

  Returns:
    {name: path}.

  Raises:
    UserError: they are neither there nor to be had.
  """
  manual = data_dir / 'downloads' / 'manual'
  for choice in choices:
    found = {original.name: _found(original, dataset, manual) for original in choice}
    if all(isinstance(path, Path) for path in found.values()):
      return {name: Path(path) for name, path in found.items()}
  try:
    for original in choice:
      if not isinstance(found[original.name], Path):
        found[original.name] = _downloaded(original, downloads)
  except Exception as error:  # TFDS and requests have many
    reason = ' '.join(str(error).split())[:200]
    names = ' or '.join(', '.join(file.name for file in files) for files in choices)
    raise UserError(
      f'{dataset} is not prepared in {data_dir}, and its original file {original.name} '
      f'({original.size:,} bytes, sha256 {original.sha256[:16]}...) is missing: '
      f'{found[original.name]}, and {original.url} gives {reason}; '
      f'put {names} into {manual / dataset}/ '
      f'and run make data DATASET={dataset} DATA_DIR={data_dir}'
    ) from error
  return {name: Path(path) for name, path in found.items()}


def _found(original: Original, dataset: str, manual: Path) -> Path | str:
  """Returns the path of a file, or words for what was found in its place."""
  wrong = []
  name = Path(original.name)
  for path in (manual / dataset / name, manual / dataset / name.name, manual / name):
    if not path.is_file():
      continue
    words = _wrong(path, original)
    if not words:
      return path
    wrong.append(f'{path} has {words}')
  return ' and '.join(wrong) or f'{manual / dataset} and {manual} have no such file'


def _wrong(path: Path, original: Original) -> str:
  """Returns what differs in a file from its size and checksum; '' if nothing does."""
  size = path.stat().st_size
  if size != original.size:
    return f'{size:,} bytes'
  with path.open('rb') as file:
    sha256 = hashlib.file_digest(file, 'sha256').hexdigest()
  return '' if sha256 == original.sha256 else f'sha256 {sha256[:16]}...'


def _downloaded(original: Original, downloads: Any) -> Path:
  # TFDS tries ten times; this asks once whether there is a network at all.
  ask = urllib.request.Request(original.url, method='HEAD')
  urllib.request.urlopen(ask, timeout=10).close()
  path = Path(downloads.download(original.url))
  if words := _wrong(path, original):
    path.unlink()
    raise ValueError(f'a file of {words}')
  return path
