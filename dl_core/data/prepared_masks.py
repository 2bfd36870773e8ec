"""Prepared sets of images with label maps, as TensorFlow Datasets (TFDS) declares them.

An example holds `image` (Image) and `segmentation_mask` (Image or LabeledImage).
"""

import functools
import itertools

from dl_core.data import cache, declarations, folder, label_maps, pillow, sources
from dl_core.data.declarations import Declaration
from dl_core.data.label_maps import Arrays, Labelled
from dl_core.types import UserError

IMAGE, MASK = 'image', 'segmentation_mask'
BACKGROUND = 'background'


def found(declaration: Declaration) -> Labelled:
  """Returns a prepared set that declares images and label maps."""
  image = declaration.features[IMAGE]
  classes = named(declaration)
  sides = tuple(side for side in image.shape if side)
  digests = lambda: folder.digested(sources.prepare(declaration).folder)

  def decoded(split, frame):
    whole = sources.prepare(declaration)
    shape = 'x'.join(map(str, frame.shape))
    make = lambda: label_maps.stacked(
      every(split), whole.counts[split], frame, len(classes)
    )._asdict()
    place = whole.folder / 'decoded' / f'{split}-maps-{shape}-{folder.FITTING}.npz'
    return Arrays(**cache.cached(place, make))

  def files(split, number, example):
    where = f'{number} of {split} in {declaration.folder}'
    return tuple(
      pillow.File(f'{word} {where}', example[key])
      for word, key in (('image', IMAGE), ('mask', MASK))
    )

  def every(split):
    examples = sources.examples(declaration, split, encoded=(IMAGE, MASK))
    return map(functools.partial(files, split), itertools.count(), examples)

  records = functools.cache(
    lambda split: sources.records(declaration, split, encoded=(IMAGE, MASK))
  )

  def read(split, numbers, frame):
    where = f'{split} in {declaration.folder}'
    examples = folder.fetched(records(split), numbers, where)
    pairs = map(functools.partial(files, split), numbers, examples)
    return label_maps.stacked(pairs, len(numbers), frame, len(classes))

  return Labelled(
    source=declaration.source,
    classes=classes,
    declared=declaration.counts,
    count=lambda split: len(records(split)),
    decoded=decoded,
    read=read,
    digests=digests,
    shape=sides if len(sides) == 3 and sides[2] in (1, 3) else None,
    channels=1 if image.shape[2:] == (1,) else 3,
    notes=declaration.notes,
  )


def named(declaration: Declaration) -> tuple[str, ...]:
  """Returns the names of the classes of label maps.

  Where the maps declare none, they are 0, background, and the labels of the objects.

  Raises:
    UserError: nothing declares them.
  """
  own = declaration.features[MASK].names
  objects = declaration.features.get('objects', declarations.Feature(''))
  others = objects.parts.get('label', declarations.Feature('')).names
  if not own and not others:
    raise UserError(
      f'{declaration.source} was given, which declares no names of the classes of its '
      'masks; write its images and masks into a folder with a classes.txt and give '
      '--dataset=folder'
    )
  return own or (BACKGROUND, *others)
