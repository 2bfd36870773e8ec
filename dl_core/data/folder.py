"""Finds sets of images, not yet decoded: prepared ones, or a user's folder.

A user's folder is DIR/train/CLASS/*.png, or without labels DIR/train/*.png; see
`listing`.
"""

import functools
import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dl_core import config
from dl_core.data import cache, contents, declarations, listing, pillow, sources, stored
from dl_core.types import UserError

FITTING = 2  # raised whenever decoding or `pillow.fitted` changes: caches keep both
WANTED, OPTIONAL = 'wanted', 'optional'  # what labels of a set may be
DTYPES = ('', 'uint8', 'uint16')  # that a prepared set may declare; '' is uint8


class Arrays(NamedTuple):
  x: np.ndarray  # uint8 [n, H, W, C]
  y: np.ndarray  # int32 [n]


class Images(NamedTuple):
  """A set of images, not yet decoded; splits are those it comes with.

  Attributes:
    source: name and version of the set.
    classes: the label names; () where the images have no labels, and all y are 0.
    declared: {split: number of images that the set declares}.
    count: (split) -> number of images there are; prepares the set if need be.
    pairs: (split, numbers) -> pairs of a file and its label.
    labels: (split) -> int32 [n], for which no image is decoded.
    decoded: (split, frame) -> Arrays of all its images.
    digests: () -> {name: digest} of its files: of a prepared set by their names and
      sizes, of a user's folder by their contents, too.
    shape: of every image; None where they differ.
    channels: of the images, 1 or 3; 3 where that varies.
    notes: see `Data`.
  """

  source: str
  classes: tuple[str, ...]
  declared: Mapping[str, int]
  count: Callable[[str], int]
  pairs: Callable[[str, Sequence[int]], Iterable[tuple[pillow.File, int]]]
  labels: Callable[[str], np.ndarray]
  decoded: Callable[[str, pillow.Frame], Arrays]
  digests: Callable[[], dict[str, str]]
  shape: pillow.Shape | None = None
  channels: int = 3
  notes: tuple[str, ...] = ()

  @property
  def native(self) -> tuple[int, ...]:
    """Height and width of every image; () where they differ."""
    return self.shape[:2] if self.shape else ()

  @property
  def features(self) -> dict[str, declarations.Feature]:
    """What an example holds, as much of it as reading a file needs."""
    shape = self.shape or (None, None, self.channels)
    image = {'image': declarations.Feature('Image', shape)}
    label = {'label': declarations.Feature('ClassLabel', names=self.classes)}
    return image | label if self.classes else image


def find(name: str, data_dir: str, labels: str = WANTED) -> Images:
  """Finds a prepared set or, of the name 'folder', a user's own images."""
  if name == 'folder':
    return own(data_dir, labels)
  return prepared(name, data_dir, labels)


def prepared(name: str, data_dir: str, labels: str = WANTED, side: str = '') -> Images:
  """Finds a set of `sources`, reading no example.

  Args:
    name, data_dir: of the set.
    labels: `WANTED`, or `OPTIONAL`: without a ClassLabel, all y are 0.
    side: which image of an example, with its label: 'first' for `first` and
      `first_label`; '' for `image` and `label`.

  Raises:
    UserError: there is no such set, it has no images, or no labels where they are
      wanted.
  """
  declaration = sources.declare(name, data_dir)
  key, label_key = (side, f'{side}_label') if side else ('image', 'label')
  image = declaration.features.get(key, declarations.Feature(''))
  label = declaration.features.get(label_key, declarations.Feature(''))
  labelled = label.kind == 'ClassLabel'
  if image.kind != 'Image' or (labels == WANTED and not labelled):
    held = ', '.join(f'{each} ({f.kind})' for each, f in declaration.features.items())
    raise UserError(
      f'--dataset={name} was given, whose examples hold {held}; wanted are {key} '
      f'(Image){f" and {label_key} (ClassLabel)" if labels == WANTED else ""}, give a '
      'set that has them'
    )
  if image.dtype not in DTYPES:
    raise UserError(
      f'--dataset={name} was given, whose images are declared as {image.dtype}, which '
      'TFDS stores as raw bits; give a set whose images are uint8 or uint16'
    )
  native = tuple(length for length in image.shape if length)
  place = lambda split: f'{split}-{side}' if side else split
  records = functools.cache(
    lambda split: sources.records(declaration, split, encoded=(key,))
  )

  def pair(split, number, example):
    what = f'{side} image'.strip()
    name = f'{what} {number} of {split} in {declaration.folder}'
    return pillow.File(name, example[key]), example[label_key] if labelled else 0

  def pairs(split, numbers):
    examples = fetched(records(split), numbers, f'{split} in {declaration.folder}')
    return map(functools.partial(pair, split), numbers, examples)

  def every(split):
    examples = sources.examples(declaration, split, encoded=(key,))
    return map(functools.partial(pair, split), itertools.count(), examples)

  def decoded(split, frame):
    whole = sources.prepare(declaration)
    shape = 'x'.join(map(str, frame.shape)) + '-cut' * frame.cut
    name = f'{place(split)}-{shape}-{FITTING}.npz'
    make = lambda: stacked(every(split), whole.counts[split], frame)._asdict()
    return Arrays(**cache.cached(whole.folder / 'decoded' / name, make))

  def labels_of(split):
    if not labelled:
      return np.zeros(len(records(split)), np.int32)
    whole = sources.prepare(declaration)
    make = lambda: {'y': np.array([label for _, label in every(split)], np.int32)}
    name = f'{place(split)}-labels.npz'
    return cache.cached(whole.folder / 'decoded' / name, make)['y']

  return Images(
    source=declaration.source,
    classes=label.names,
    declared=declaration.counts,
    count=lambda split: len(records(split)),
    pairs=pairs,
    labels=labels_of,
    decoded=decoded,
    digests=lambda: digested(sources.prepare(declaration).folder),
    shape=native if len(native) == 3 and native[2] in (1, 3) else None,
    channels=1 if image.shape[2:] == (1,) else 3,
    notes=declaration.notes,
  )


def own(data_dir: str, labels: str = WANTED) -> Images:
  """Finds a user's own images, decoded at every start: nothing is written beside them.

  Args:
    data_dir: their folder; or the workdir of a run, see `stored`.
    labels: `WANTED`, or `OPTIONAL`: without folders of classes, all y are 0.

  Raises:
    UserError: see `listing.listed`.
  """
  if (
    stored.declaration('folder', data_dir)
    and not (config.path(data_dir) / 'train').is_dir()
  ):
    return prepared('folder', data_dir, labels)
  found = listing.listed(data_dir, classes=labels == WANTED)
  return listed(config.path(data_dir), found)


def listed(root: Path, found: listing.Listing) -> Images:
  """Returns the images of a listing; `root` is a folder that no other listing has."""
  paths = [path for files in found.files.values() for path, _ in files]
  count = lambda split: len(found.files[split])

  def pairs(split, numbers):
    for path, label in (found.files[split][number] for number in numbers):
      yield pillow.read(str(path)), label

  return Images(
    source=f'folder/{found.digest}',
    classes=found.classes,
    declared={split: count(split) for split in found.files},
    count=count,
    pairs=pairs,
    labels=lambda split: np.array([y for _, y in found.files[split]], np.int32),
    decoded=lambda split, frame: stacked(
      pairs(split, range(count(split))), count(split), frame
    ),
    digests=lambda: {'files': found.digest, 'contents': contents.digest(root, paths)},
    notes=found.notes,
  )


def stacked(
  pairs: Iterable[tuple[pillow.File, int]], n: int, frame: pillow.Frame
) -> Arrays:
  """Decodes n pairs of a file and its label, one after another."""
  labels = []

  def files():
    for file, label in pairs:
      labels.append(label)
      yield file

  return Arrays(pillow.stacked(files(), n, frame), np.array(labels, np.int32))


def fetched(records: Any, numbers: Sequence[int], where: str) -> Sequence[Any]:
  """Reads the records of these numbers; many at a time is faster."""
  try:
    return records.__getitems__(numbers)
  except (OSError, RuntimeError, ValueError) as error:
    if len(numbers) > 1:  # one by one, to tell which it is
      return [fetched(records, [number], where)[0] for number in numbers]
    reason = ' '.join(str(error).split())[:200]
    raise UserError(
      f'example {numbers[0]} of {where} cannot be read ({reason}); delete that folder '
      'and prepare the set again'
    ) from error


def digested(place: Path) -> dict[str, str]:
  """Returns a digest of a prepared set, by what it declares and its files' sizes."""
  files = hashlib.sha256((place / 'dataset_info.json').read_bytes())
  for path in sorted(place.glob('*.array_record*')):
    files.update(f'{path.name} {path.stat().st_size}\n'.encode())
  return {'files': files.hexdigest()[:16]}
