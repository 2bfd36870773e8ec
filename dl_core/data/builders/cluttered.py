"""What builders of cluttered scenes share; `data.clutter` draws them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from dl_core.data import clutter, splits
from dl_core.data.builders import labelled
from dl_core.data.builders.digits import digits_dataset_builder as digits


def info(builder: tfds.core.DatasetBuilder, kind: str) -> tfds.core.DatasetInfo:
  """Declares image, objects (bbox, label), segmentation_mask, perhaps label.

  Only scenes of one digit have a label of their own.

  Args:
    builder: its docstring becomes the description.
    kind: one of `clutter.KINDS`.
  """
  own = clutter.KINDS[kind]
  names = tuple(map(str, range(own.classes)))
  objects = {
    'bbox': tfds.features.BBoxFeature(),
    'label': tfds.features.ClassLabel(names=names),
  }
  sides = (own.side, own.side)
  features = {
    'image': tfds.features.Image(shape=(*sides, 3), encoding_format='png'),
    'objects': tfds.features.Sequence(objects),
    'segmentation_mask': tfds.features.Image(shape=(*sides, 1), encoding_format='png'),
  }
  single = own.digits == (1, 1)
  if single:
    features['label'] = tfds.features.ClassLabel(names=names)
  return tfds.core.DatasetInfo(
    builder=builder,
    description=builder.__doc__,
    features=tfds.features.FeaturesDict(features),
    supervised_keys=('image', 'label') if single else None,
    disable_shuffling=True,
    homepage='https://archive.ics.uci.edu/dataset/80',
    metadata=tfds.core.MetadataDict(
      notes=['Scenes of the test split are composed of test digits alone.']
    ),
  )


def inks() -> dict[str, clutter.Ink]:
  """Returns the digits that the scenes of each split are composed of."""
  from sklearn import datasets

  found = datasets.load_digits()
  parts = splits.divided(found.target, digits.Builder.COUNTS)
  return {
    split: clutter.Ink(found.images[rows] / 16, found.target[rows])
    for split, rows in parts.items()
  }


def examples(
  kind: str, split: str, ink: clutter.Ink
) -> Iterator[tuple[int, dict[str, Any]]]:
  """Draws the scenes of a split."""
  own = clutter.KINDS[kind]
  for number in range(clutter.SPLITS[split]):
    scene = clutter.draw(clutter.generator(kind, split, number), own, ink)
    shares = (scene.boxes / np.float32(own.side)).tolist()
    boxes = [
      tfds.features.BBox(ymin=top, xmin=left, ymax=bottom, xmax=right)
      for left, top, right, bottom in shares
    ]
    example: dict[str, Any] = {
      'image': labelled.png(scene.image),
      'objects': [
        {'bbox': box, 'label': int(label)}
        for box, label in zip(boxes, scene.labels, strict=True)
      ],
      'segmentation_mask': labelled.png(scene.mask[..., None]),
    }
    if own.digits == (1, 1):
      example['label'] = int(scene.labels[0])
    yield number, example
