"""One's own images: DIR/train/CLASS/*.png and, if any, DIR/test/CLASS/*.png."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from dl_core.types import UserError

SUFFIXES = frozenset({'.png', '.jpg', '.jpeg', '.bmp', '.gif', '.webp'})


class Listing(NamedTuple):
  """What a folder holds.

  Attributes:
    classes: the names of the folders in train.
    files: 'train' and, if there is such a folder, 'test' -> pairs of a file and the
      number of its class, in the order of their names.
    digest: 12 hexadecimal digits over all names and sizes.
  """

  classes: tuple[str, ...]
  files: dict[str, list[tuple[Path, int]]]
  digest: str


def listed(data_dir: str) -> Listing:
  """Lists the images of a folder, opening none.

  Raises:
    UserError: the folder is not laid out like that, or a class has no image.
  """
  root = Path(data_dir).expanduser()
  if not data_dir or not root.joinpath('train').is_dir():
    raise UserError(
      f'--dataset=folder was given with --data_dir={data_dir or "(empty)"}, which has '
      'no folder train; put images into DIR/train/CLASS/ and give --data_dir=DIR'
    )
  classes = [path.name for path in _folders(root / 'train')]
  if len(classes) < 2:
    raise UserError(
      f'{root / "train"} holds {len(classes)} class folders, at least 2 are wanted; '
      'put the images of each class into a folder of its own'
    )
  files: dict[str, list[tuple[Path, int]]] = {}
  digest = hashlib.sha256()
  for split in ('train', 'test'):
    if split == 'train' or ((root / split).is_dir() and _folders(root / split)):
      files[split] = []
      for folder in _folders(root / split):
        if folder.name not in classes:
          raise UserError(
            f'{folder} was given, a class that {root / "train"} lacks; '
            'remove it, or add images of that class there'
          )
        label = classes.index(folder.name)
        files[split] += [(path, label) for path in _images(folder)]
      for path, _ in files[split]:
        digest.update(os.fsencode(path.relative_to(root)))
        digest.update(f'\n{path.stat().st_size}\n'.encode())
  return Listing(tuple(classes), files, digest.hexdigest()[:12])


def _folders(parent: Path) -> list[Path]:
  return sorted(
    path for path in parent.iterdir() if path.is_dir() and path.name[0] != '.'
  )


def _images(folder: Path) -> list[Path]:
  found = sorted(
    path
    for path in folder.iterdir()
    if path.suffix.lower() in SUFFIXES and path.name[0] != '.'
  )
  if not found:
    raise UserError(
      f'{folder} holds no image ({", ".join(sorted(SUFFIXES))}); '
      'add some, or remove the folder'
    )
  for path in found:
    if not path.is_file():
      raise UserError(f'{path} is a broken link or no file; mend or remove it')
  return found
