"""Reads the boxes of a prepared set of images with objects, as TFDS declares them.

Shapes: N images.
"""

import numpy as np

from dl_core.data import declarations, sources
from dl_core.types import UserError


def single(name: str, data_dir: str, split: str, side: int) -> np.ndarray:
  """Returns the boxes float32 [N, 4] of a set whose images have one object each.

  A box is left, top, right, bottom in pixels of an image of `side` x `side`.

  Raises:
    UserError: the set has no boxes, or an image has not one object.
  """
  declaration = sources.declare(name, data_dir)
  objects = declaration.features.get('objects', declarations.Feature(''))
  box = objects.parts.get('bbox', declarations.Feature(''))
  if box.kind != 'BBoxFeature':
    held = ', '.join(declaration.features)
    raise UserError(
      f'--dataset={name} was given, whose examples hold {held}; wanted are objects '
      'with boxes (bbox), give a set that has them'
    )
  shares = [
    np.asarray(example['objects']['bbox'], np.float32).reshape(-1, 4)
    for example in sources.examples(declaration, split, encoded=('image',))
  ]
  for number, each in enumerate(shares):
    if len(each) != 1:
      raise UserError(
        f'image {number} of {split} in --dataset={name} has {len(each)} objects; give '
        'a set whose images have one each'
      )
  return np.concatenate(shares)[:, [1, 0, 3, 2]] * np.float32(side)
