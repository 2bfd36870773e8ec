"""Lists the files of a user's own folder: DIR/train/CLASS/*, and val and test alike.

They are images or texts. Files in folders inside of a class folder belong to that
class. Where no labels are wanted, DIR/train/* will do. Two domains are DIR/trainA/* and
DIR/trainB/*. Whatever is passed over is counted.
"""

import collections
import unicodedata
from pathlib import Path
from typing import NamedTuple

from dl_core import config
from dl_core.data import walked
from dl_core.data.walked import IMAGES, Kind, Passed
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
  passed = Passed(root, kind)
  places = walked.splits(root, passed, SPLITS) if data_dir and root.is_dir() else {}
  if 'train' not in places:
    raise UserError(
      f'--dataset=folder was given with --data_dir={data_dir or "(empty)"}, which has '
      f'no folder train; put {kind.noun}s into DIR/train/'
      f'{"CLASS/" if classes else ""} and give --data_dir=DIR'
    )
  if not classes and len(walked.folders(places['train'], Passed(root, kind))) < 2:
    files = {
      split: [(path, 0) for path in walked.files(place, passed)]
      for split, place in places.items()
    }
    return Listing((), files, _digest(root, files), passed.notes())
  folders = {split: walked.folders(place, passed) for split, place in places.items()}
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
        (path, label) for path in walked.files(folder, passed)
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
  passed = Passed(root, IMAGES)
  names = {
    f'{name}{domain}'.lower(): split + domain
    for name, split in SPLITS.items()
    for domain in DOMAINS
  }
  places = walked.splits(root, passed, names) if data_dir and root.is_dir() else {}
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
      split: [(path, 0) for path in walked.files(places[split + domain], passed)]
      for split in ORDER
      if split + domain in places
    }
    for domain in DOMAINS
  )
  digest = _digest(root, {split: first[split] + second[split] for split in first})
  return tuple(Listing((), files, digest, passed.notes()) for files in (first, second))


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


def _digest(root: Path, files: dict[str, list[File]]) -> str:
  return walked.digest(
    root, [path for split in ORDER for path, _ in files.get(split, ())]
  )
