"""Lists the files of a user's own folder: DIR/train/CLASS/*, and val and test alike.

They are images or texts. Files in folders inside of a class folder belong to that
class. Where no labels are wanted, DIR/train/* will do. Two domains are DIR/trainA/* and
DIR/trainB/*. Whatever is passed over is counted.
"""

import collections
import hashlib
import os
import unicodedata
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from dl_core import config
from dl_core.data import pillow
from dl_core.types import UserError

SPLITS = {
  'train': 'train',
  'val': 'validation',
  'valid': 'validation',
  'validation': 'validation',
  'test': 'test',
}
ORDER = ('train', 'validation', 'test')
DOMAINS = ('A', 'B')
File = tuple[Path, int]  # and the number of its class
HIDDEN = 'hidden'
OTHER = 'no {} by the suffix'
LOOSE = 'outside of the class folders'
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


class Listing(NamedTuple):
  """What a folder holds.

  Attributes:
    classes: the names of the folders in train, in Unicode's composed form (NFC); ()
      where the files have no labels.
    files: {'train' and, where there are such folders, 'validation' and 'test': its
      files, in the order of their names}.
    digest: 12 hexadecimal digits over all names and sizes.
    notes: sentences that count what was passed over.
  """

  classes: tuple[str, ...]
  files: dict[str, list[File]]
  digest: str
  notes: tuple[str, ...]


class _Passed:
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


def listed(data_dir: str, classes: bool = True, kind: Kind = IMAGES) -> Listing:
  """Lists the files of a folder, opening none.

  Args:
    data_dir: the folder.
    classes: whether folders of classes are wanted. Otherwise, with fewer than two of
      them in train, each split is all files in its folder, of number 0.
    kind: which files.

  Raises:
    UserError: the folder has another layout, or a class has no file.
  """
  root = config.path(data_dir)
  passed = _Passed(root, kind)
  places = _splits(root, passed, SPLITS) if data_dir and root.is_dir() else {}
  if 'train' not in places:
    raise UserError(
      f'--dataset=folder was given with --data_dir={data_dir or "(empty)"}, which has '
      f'no folder train; put {kind.noun}s into DIR/train/'
      f'{"CLASS/" if classes else ""} and give --data_dir=DIR'
    )
  if not classes and len(_folders(places['train'], _Passed(root, kind))) < 2:
    files = {
      split: [(path, 0) for path in _files(place, passed)]
      for split, place in places.items()
    }
    return Listing((), files, _digest(root, files), passed.notes())
  folders = {split: _folders(place, passed) for split, place in places.items()}
  names = tuple(dict.fromkeys(map(_composed, folders['train'])))
  if len(names) < 2:
    raise UserError(
      f'{places["train"]} holds {len(names)} class folders, at least 2 are wanted; '
      f'put the {kind.noun}s of each class into a folder of its own'
    )
  files = {}
  for split in ORDER:
    for folder in folders.get(split, ()):
      if _composed(folder) not in names:
        raise UserError(
          f'{folder} was given, a class that {places["train"]} lacks; '
          f'remove it, or add {kind.noun}s of that class there'
        )
      label = names.index(_composed(folder))
      files.setdefault(split, []).extend(
        (path, label) for path in _files(folder, passed)
      )
  notes = _merged(folders['train']) + passed.notes()
  return Listing(names, files, _digest(root, files), notes)


def domains(data_dir: str) -> tuple[Listing, ...]:
  """Lists the images of two domains, opening none: DIR/trainA/* and DIR/trainB/*.

  DIR/valA and DIR/valB, DIR/testA and DIR/testB are listed alike if they exist. The
  digest and the notes of either listing are those of the whole folder.

  Raises:
    UserError: the folder has another layout, or a split lacks the images of a domain.
  """
  root = config.path(data_dir)
  passed = _Passed(root, IMAGES)
  names = {
    f'{name}{domain}'.lower(): split + domain
    for name, split in SPLITS.items()
    for domain in DOMAINS
  }
  places = _splits(root, passed, names) if data_dir and root.is_dir() else {}
  for split in ORDER:
    pair = [places.get(split + domain) for domain in DOMAINS]
    stems = [folder.name[:-1] for folder in pair if folder]
    if None in pair and (stems or split == 'train'):
      stem = stems[0] if stems else split
      leave = '' if split == 'train' else ', or remove both'
      raise UserError(
        f'--dataset=folder was given with --data_dir={data_dir or "(empty)"}, which '
        f'has no folder {stem}{DOMAINS[pair.index(None)]}; give --data_dir=DIR with '
        f'images of one domain in DIR/{stem}A and of the other in DIR/{stem}B{leave}'
      )
  first, second = (
    {
      split: [(path, 0) for path in _files(places[split + domain], passed)]
      for split in ORDER
      if split + domain in places
    }
    for domain in DOMAINS
  )
  digest = _digest(root, {split: first[split] + second[split] for split in first})
  return tuple(Listing((), files, digest, passed.notes()) for files in (first, second))


def _digest(root: Path, files: dict[str, list[File]]) -> str:
  """Returns a digest over the names and sizes of files."""
  digest = hashlib.sha256()
  for split in ORDER:
    for path, _ in files.get(split, ()):
      digest.update(os.fsencode(path.relative_to(root)))
      digest.update(f'\n{path.stat().st_size}\n'.encode())
  return digest.hexdigest()[:12]


def _splits(root: Path, passed: _Passed, names: Mapping[str, str]) -> dict[str, Path]:
  """Returns {split: its folder}; `names` are {name in lower case: split}."""
  found: dict[str, Path] = {}
  for path in sorted(root.iterdir()):
    split = names.get(path.name.lower())
    if path.name[0] == '.':
      passed.add(HIDDEN, str(path))
    elif not path.is_dir():
      passed.add(LOOSE, str(path))
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


def _folders(parent: Path, passed: _Passed) -> list[Path]:
  found = []
  for path in sorted(parent.iterdir()):
    if path.name[0] == '.':
      passed.add(HIDDEN, str(path))
    elif path.is_dir():
      found.append(path)
    else:
      passed.add(LOOSE, str(path))
  return found


def _files(folder: Path, passed: _Passed) -> list[Path]:
  found = _walked(str(folder), passed, frozenset())
  if not found:
    raise UserError(
      f'{folder} holds no {passed.kind.noun} of a format {passed.kind.read}; '
      'add some, or remove the folder'
    )
  return found


def _walked(folder: str, passed: _Passed, above: frozenset[str]) -> list[Path]:
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


def _merged(folders: list[Path]) -> tuple[str, ...]:
  """Returns a sentence where several folders of a split are one class."""
  names = collections.Counter(map(_composed, folders))
  twice = [name for name, count in names.items() if count > 1]
  if not twice:
    return ()
  return (
    'Folders whose names differ only in their Unicode form are one class: '
    f'{", ".join(twice)}.',
  )


def _composed(folder: Path) -> str:
  return unicodedata.normalize('NFC', folder.name)


def _shown(path: str) -> str:
  """Returns a path with the bytes escaped that are not UTF-8."""
  return path.encode('utf-8', 'backslashreplace').decode('utf-8')
