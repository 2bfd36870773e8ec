"""Walks a user's own folder, opening no file; whatever is passed over is counted."""

import collections
import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from dl_core.data import pillow
from dl_core.types import UserError

HIDDEN = 'hidden'
OTHER = 'no {} by the suffix'
LOOSE = 'outside of the class folders'
STRAY = 'outside of the folders of the splits'
BESIDE = 'no split by the name'
LOOP = 'link to a folder above'


class Kind(NamedTuple):
  """The files that are listed.

  Attributes:
    noun: one of them in a word.
    suffixes: () -> how their names end, in lower case, with the dot.
    read: by whom, in a word or two.
  """

  noun: str
  suffixes: Callable[[], Collection[str]]
  read: str


IMAGES = Kind('image', pillow.suffixes, 'that Pillow reads')
TEXTS = Kind('text', lambda: ('.txt',), '.txt')


class Passed:
  """Counts what is passed over, by reason."""

  def __init__(self, root: Path, kind: Kind):
    self.root, self.kind = root, kind
    self.found: dict[str, list[str]] = collections.defaultdict(list)

  def add(self, reason: str, path: str) -> None:
    self.found[reason].append(os.path.relpath(path, self.root))

  def notes(self) -> tuple[str, ...]:
    if not self.found:
      return ()
    parts = (
      f'{reason}: {len(paths):,}, {"as" if len(paths) > 1 else "which is"} '
      f'{_shown(min(paths))}'
      for reason, paths in sorted(self.found.items())
    )
    count = sum(map(len, self.found.values()))
    return (f'Passed over in the folder: {count:,} ({"; ".join(parts)}).',)


def splits(root: Path, passed: Passed, names: Mapping[str, str]) -> dict[str, Path]:
  """Returns {split: its folder}; `names` are {name in lower case: split}."""
  found: dict[str, Path] = {}
  for path in sorted(root.iterdir()):
    split = names.get(path.name.lower())
    if path.name[0] == '.':
      passed.add(HIDDEN, str(path))
    elif not path.is_dir():
      passed.add(STRAY, str(path))
    elif split is None:
      passed.add(BESIDE, str(path))
    elif split in found:
      raise UserError(
        f'{root} has both {found[split].name} and {path.name}, two folders of one '
        'split; join them, or rename the one that is not to be read'
      )
    else:
      found[split] = path
  return found


def folders(parent: Path, passed: Passed) -> list[Path]:
  """Returns the folders in a folder, in the order of their names."""
  found = []
  for path in sorted(parent.iterdir()):
    if path.name[0] == '.':
      passed.add(HIDDEN, str(path))
    elif path.is_dir():
      found.append(path)
    else:
      passed.add(LOOSE, str(path))
  return found


def files(folder: Path, passed: Passed) -> list[Path]:
  """Returns the files in a folder of any depth.

  Raises:
    UserError: there is none, or one is a broken link.
  """
  found = _walked(str(folder), passed, frozenset())
  if not found:
    raise UserError(
      f'{folder} holds no {passed.kind.noun} of a format {passed.kind.read}; '
      'add some, or remove the folder'
    )
  return found


def _walked(folder: str, passed: Passed, above: frozenset[str]) -> list[Path]:
  """Lists the files of a folder and of its subfolders, in the order of their names."""
  above |= {os.path.realpath(folder)}
  found = []
  with os.scandir(folder) as entries:
    ordered = sorted(entries, key=lambda entry: entry.name)
  for entry in ordered:
    if entry.name[0] == '.':
      passed.add(HIDDEN, entry.path)
    elif entry.is_dir() and os.path.realpath(entry.path) in above:
      passed.add(LOOP, entry.path)
    elif entry.is_dir():
      found += _walked(entry.path, passed, above)
    elif os.path.splitext(entry.name)[1].lower() not in passed.kind.suffixes():
      passed.add(OTHER.format(passed.kind.noun), entry.path)
    elif not entry.is_file():
      raise UserError(f'{entry.path} is a broken link or no file; mend or remove it')
    else:
      found.append(Path(entry.path))
  return found


def digest(root: Path, paths: Iterable[Path]) -> str:
  """Returns 12 hexadecimal digits over the names and sizes of files."""
  found = hashlib.sha256()
  for path in paths:
    found.update(os.fsencode(path.relative_to(root)))
    found.update(f'\n{path.stat().st_size}\n'.encode())
  return found.hexdigest()[:12]


def _shown(path: str) -> str:
  """Returns a path with the bytes escaped that are not UTF-8."""
  return path.encode('utf-8', 'backslashreplace').decode('utf-8')
