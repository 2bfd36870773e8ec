"""A user's own images and index masks: DIR/train/images/*, DIR/train/masks/*.png.

DIR/val and DIR/test, where there are any, are laid out alike. A mask has the name of
its image, apart from the suffix, and its size. It is grey or has a palette, and holds
the number of the class of each pixel, or 255 for none. DIR/classes.txt, where there is
one, names the classes, one a line, from class 0 on; otherwise there are as many as the
masks hold.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dl_core import config
from dl_core.data import contents, label_maps, listing, pillow
from dl_core.data.label_maps import Labelled
from dl_core.types import UserError

NAMES = 'classes.txt'
Pairs = Mapping[str, list[tuple[Path, Path]]]


def own(data_dir: str) -> Labelled:
  """Finds a user's own images and masks, decoded at every start.

  Raises:
    UserError: the folder has another layout, or an image has no mask.
  """
  root = config.path(data_dir)
  pairs = paired(root) if data_dir and root.is_dir() else {}
  if 'train' not in pairs:
    raise UserError(
      f'--dataset=folder was given with --data_dir={data_dir or "(empty)"}, which has '
      'no folder train; put images into DIR/train/images, index masks of the same '
      'names into DIR/train/masks and give --data_dir=DIR'
    )
  files = [path for each in pairs.values() for pair in each for path in pair]
  sizes = hashlib.sha256()
  for path in files:
    sizes.update(os.fsencode(path.relative_to(root)))
    sizes.update(f'\n{path.stat().st_size}\n'.encode())
  named = root / NAMES
  classes = named_in(named) if named.is_file() else counted(pairs)
  digest = sizes.hexdigest()[:12]

  def read(split, numbers, frame):
    chosen = (pairs[split][number] for number in numbers)
    files = (
      (pillow.read(str(image)), pillow.read(str(mask))) for image, mask in chosen
    )
    return label_maps.stacked(files, len(numbers), frame, len(classes))

  return Labelled(
    source=f'folder/{digest}',
    classes=classes,
    declared={split: len(each) for split, each in pairs.items()},
    count=lambda split: len(pairs[split]),
    decoded=lambda split, frame: read(split, range(len(pairs[split])), frame),
    read=read,
    digests=lambda: {'files': digest, 'contents': contents.digest(root, files)},
  )


def paired(root: Path) -> Pairs:
  """Returns {split: its images and their masks, in the order of their names}."""
  found = {}
  for folder in sorted(root.iterdir()):
    split = listing.SPLITS.get(folder.name.lower())
    if split is None or not folder.is_dir():
      continue
    if split in found:
      raise UserError(
        f'{folder} was given beside another folder of the same split ({split}); join '
        'them, or rename the one that is not to be read'
      )
    pictures, masks = (named_files(folder / part) for part in ('images', 'masks'))
    lacking = sorted(pictures.keys() - masks.keys())
    if lacking or not pictures:
      missing = folder / 'masks' / f'{lacking[0]}.png' if lacking else folder / 'images'
      raise UserError(
        f'{folder} was given, where {missing} is missing; every image in '
        f'{folder / "images"} needs a mask of the same name in {folder / "masks"}'
      )
    found[split] = [(pictures[name], masks[name]) for name in sorted(pictures)]
  return found


def named_files(folder: Path) -> dict[str, Path]:
  """Returns {name without suffix: image file} of a folder; {} if it does not exist.

  Raises:
    UserError: two image files have the same name but for the suffix.
  """
  found: dict[str, Path] = {}
  for path in sorted(folder.iterdir()) if folder.is_dir() else ():
    if path.suffix.lower() not in pillow.suffixes() or path.name[0] == '.':
      continue
    if path.stem in found:
      raise UserError(
        f'{found[path.stem]} and {path.name} have the same name but for the suffix, by '
        'which images and masks are paired; remove or rename one of them'
      )
    found[path.stem] = path
  return found


def named_in(path: Path) -> tuple[str, ...]:
  """Reads the names of classes, one a line."""
  try:
    lines = path.read_text('utf-8').split('\n')
  except (OSError, ValueError) as error:
    raise UserError(f'{path} cannot be read ({error}); write it as UTF-8') from error
  return tuple(line.strip() for line in lines if line.strip())


def counted(pairs: Pairs) -> tuple[str, ...]:
  """Reads all masks; returns a name for each number up to the highest."""
  highest = 0
  for each in pairs.values():
    for _, mask in each:
      labels = label_maps.decoded(pillow.read(str(mask)))
      highest = max(
        highest, int(np.max(labels, where=labels != label_maps.VOID, initial=0))
      )
  return tuple(map(str, range(max(highest, 1) + 1)))
