"""BCCD: photographs of blood cells of three kinds, with their boxes."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import tensorflow_datasets as tfds

from dl_core.data import voc
from dl_core.data.builders import originals

ARCHIVE = 'bccd.tar'
SPLITS = {'train': 'train', 'validation': 'val', 'test': 'test'}
WIDTH, HEIGHT = 640, 480


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """364 images of 640×480 pixels with 4,886 blood cells (Shenggan & Cheng, MIT)."""

  VERSION = tfds.core.Version('1.0.0')
  COUNTS = {'train': 205, 'validation': 87, 'test': 72}  # noqa: RUF012
  NAMES = ('RBC', 'WBC', 'Platelets')
  ORIGINALS = originals.listed(__file__)

  def _info(self):
    objects = {
      'bbox': tfds.features.BBoxFeature(),
      'label': tfds.features.ClassLabel(names=self.NAMES),
    }
    features = {
      'image': tfds.features.Image(shape=(HEIGHT, WIDTH, 3), encoding_format='jpeg'),
      'objects': tfds.features.Sequence(objects),
    }
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict(features),
      disable_shuffling=True,
      homepage='https://github.com/Shenggan/BCCD_Dataset',
      metadata=tfds.core.MetadataDict(
        notes=[
          'Two boxes without width, in BloodImage_00343 (train) and BloodImage_00338 '
          '(validation), are left out.',
          'Not every red cell is annotated, so that some right detections of RBC count '
          'as wrong.',
        ]
      ),
    )

  def _split_generators(self, dl_manager):
    wanted = (self.ORIGINALS[ARCHIVE],)
    path = originals.obtain(self.name, Path(self.data_dir_root), dl_manager, wanted)[
      ARCHIVE
    ]
    with tarfile.open(path) as archive:
      files = {
        member.name: archive.extractfile(member).read()
        for member in archive
        if member.isfile()
      }
    names = lambda split: files[f'bccd/ImageSets/Main/{split}.txt'].decode().split()
    return {
      split: self._generate_examples(files.__getitem__, names(own))
      for split, own in SPLITS.items()
    }

  def _generate_examples(self, content: Callable[[str], bytes], names):
    sides = (WIDTH, HEIGHT, WIDTH, HEIGHT)
    for number, name in enumerate(names):
      found = voc.parsed(name, content(f'bccd/Annotations/{name}.xml'))
      objects = []
      for label, box in zip(found.names, found.boxes, strict=True):
        left, top, right, bottom = (
          float(value / side) for value, side in zip(box, sides, strict=True)
        )
        box = tfds.features.BBox(ymin=top, xmin=left, ymax=bottom, xmax=right)
        objects.append({'bbox': box, 'label': label})
      yield (
        number,
        {
          'image': content(f'bccd/JPEGImages/{name}.jpg'),
          'objects': objects,
        },
      )
