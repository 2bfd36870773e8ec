"""A user's own images with boxes, in the layout of VOC: `--dataset=folder`.

DIR/JPEGImages/*, DIR/Annotations/*.xml and perhaps DIR/ImageSets/Main/train.txt,
val.txt and test.txt with names without suffix. Without these lists, all annotated
images are training images; the validation and test splits are taken from them.
"""

import collections
import functools
import glob
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from dl_core import config
from dl_core.data import annotated, contents, pillow, stored, voc, walked
from dl_core.types import UserError

IMAGES, ANNOTATIONS, LISTS = 'JPEGImages', 'Annotations', 'ImageSets/Main'
SPLITS = {'train': 'train', 'val': 'validation', 'test': 'test'}
SHOWN = 3  # bad objects that a sentence names


def own(data_dir: str, first: int = 1, drop: bool = False) -> annotated.Annotated:
  """Reads a user's annotations; no image is decoded.

  Args:
    data_dir: the folder; or the workdir of a run, see `stored`.
    first: number of the first pixel, see `voc.parsed`.
    drop: whether objects with bad boxes are left out, and noted, instead of refused.

  Raises:
    UserError: there are no such folders; an annotation is bad or names an image that is
      not there; a class is only in validation or test.
  """
  root = config.path(data_dir)
  if stored.declaration('folder', data_dir) and not (root / ANNOTATIONS).is_dir():
    return annotated.prepared('folder', data_dir)
  for name in (IMAGES, ANNOTATIONS):
    if not (root / name).is_dir():
      raise UserError(
        f'--dataset=folder --data_dir={data_dir} was given, but {root / name} is not '
        f'there; wanted are {IMAGES} and {ANNOTATIONS}, as VOC lays them out'
      )
  found = {split: _read(root, names, first) for split, names in _splits(root).items()}
  every = [each for split in found.values() for each, _ in split]
  bad = [words for each in every for words in each.bad]
  if bad and not drop:
    more = f', and {len(bad) - SHOWN} more' if len(bad) > SHOWN else ''
    raise UserError(
      f'{"; ".join(bad[:SHOWN])}{more}; mend them, or give --bad_boxes=drop'
    )
  classes = tuple(sorted({name for each, _ in found['train'] for name in each.names}))
  if not classes:
    raise UserError(
      f'the {len(found["train"])} training images of {root} have no objects; annotate '
      f'some, and name them in {LISTS}/train.txt if there are lists'
    )
  for each in every:
    for number, name in enumerate(each.names, start=1):
      if name not in classes:
        raise UserError(
          f'object {number} of {each.name} is of the class {name}, which no training '
          f'image has (their classes are {", ".join(classes)}); add training images of '
          'that class, or mend its name'
        )
  paths = [path for split in found.values() for _, path in split]
  digest = hashlib.sha256(repr((first, drop)).encode())
  for split, pairs in found.items():
    for each, path in pairs:
      arrays = each.boxes.tolist(), each.difficult.tolist()
      digest.update(repr((split, path.name, each.names, *arrays)).encode())
  notes = _passed(root, paths)
  if bad:
    shown = '; '.join(bad[:SHOWN])
    notes += (f'Objects left out for their bad boxes: {len(bad)} ({shown}).',)
  entries = functools.partial(_entries, found, classes)
  return annotated.Annotated(
    source=f'folder/{digest.hexdigest()[:16]}',
    classes=classes,
    declared={split: len(each) for split, each in found.items()},
    count=lambda split: len(found[split]),
    entries=entries,
    digests=lambda: {'contents': contents.digest(root, paths)},
    notes=notes,
    features=annotated.features(classes),
    own=root,
  )


def _passed(root: Path, used: Sequence[Path]) -> tuple[str, ...]:
  """Counts the images that are not used, see `walked.Passed`."""
  passed = walked.Passed(root, walked.IMAGES)
  for path in {*(root / IMAGES).iterdir()} - {*used}:
    if path.suffix.lower() in pillow.suffixes() and path.name[0] != '.':
      listed = (root / ANNOTATIONS / f'{path.stem}.xml').is_file()
      passed.add('in no list' if listed else 'no annotation', str(path))
  return passed.notes()


def _splits(root: Path) -> dict[str, list[str]]:
  """Returns {split: names of its annotations, without suffix}.

  Raises:
    UserError: a list cannot be read, there is none of train, or a name is there twice.
  """
  found = {}
  for name, split in SPLITS.items():
    path = root / LISTS / f'{name}.txt'
    if path.is_file():
      try:
        lines = path.read_text('utf-8').splitlines()
      except (OSError, ValueError) as error:
        raise UserError(
          f'{path} cannot be read ({error}); write it as UTF-8, a name a line'
        ) from error
      found[split] = [line.split()[0] for line in lines if line.strip()]
  if found and 'train' not in found:
    raise UserError(f'{root / LISTS} has no train.txt; add it, or remove its lists')
  counts = collections.Counter(itertools.chain(*found.values()))
  if twice := [name for name, count in counts.items() if count > 1]:
    others = f' and {len(twice) - 1} more' if len(twice) > 1 else ''
    raise UserError(
      f'the lists in {root / LISTS} name {twice[0]}{others} twice or more; leave each '
      'image in one list, once, so that none is trained on and tested'
    )
  every = sorted(path.stem for path in (root / ANNOTATIONS).glob('*.xml'))
  return found or {'train': every}


def _read(
  root: Path, names: Sequence[str], first: int
) -> list[tuple[voc.Annotation, Path]]:
  """Reads the annotations of these names, and finds their images."""
  found = []
  for name in names:
    path = root / ANNOTATIONS / f'{name}.xml'
    try:
      each = voc.parsed(str(path), path.read_bytes(), first)
    except OSError as error:
      raise UserError(
        f'{path} cannot be read ({error.strerror}); restore it, or take {name} from '
        f'the lists in {root / LISTS}'
      ) from error
    image = root / IMAGES / each.image  # an absolute path is of another machine
    if not each.image or Path(each.image).is_absolute() or not image.is_file():
      alike = [
        other
        for other in sorted((root / IMAGES).glob(f'{glob.escape(name)}.*'))
        if other.suffix.lower() in pillow.suffixes()
      ]
      if not alike:
        raise UserError(
          f'{path} annotates the image {each.image or name}, which {root / IMAGES} '
          'does not have; add the image, or remove the annotation'
        )
      image = alike[0]
    found.append((each, image))
  return found


def _entries(
  found: Mapping[str, Sequence[tuple[voc.Annotation, Path]]],
  classes: Sequence[str],
  split: str,
  numbers: Sequence[int],
) -> list[annotated.Entry]:
  entries = []
  for number in numbers:
    each, path = found[split][number]
    labels = np.array([classes.index(name) for name in each.names], np.int32)
    file = pillow.read(str(path))
    entries.append(annotated.Entry(file, each.boxes, labels, each.difficult))
  return entries
