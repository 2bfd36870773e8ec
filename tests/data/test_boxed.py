"""Sets of images with objects by their names; VOC under the name that TFDS gives it."""

import io

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from dl_core.data import boxed
from dl_core.types import UserError


@pytest.fixture
def data_dir(stocked, tmp_path):
  """Two training images, laid out as TensorFlow Datasets lays out VOC."""
  file = io.BytesIO()
  Image.new('RGB', (40, 20)).save(file, 'PNG')
  box = tfds.features.BBox(ymin=0.1, xmin=0.2, ymax=0.5, xmax=0.6)
  objects = {
    'label': tfds.features.ClassLabel(names=boxed.VOC_CLASSES),
    'bbox': tfds.features.BBoxFeature(),
    'is_difficult': np.bool_,
  }
  features = {
    'image': tfds.features.Image(encoding_format='png'),
    'objects': tfds.features.Sequence(objects),
  }
  example = {
    'image': file.getvalue(),
    'objects': [{'label': 14, 'bbox': box, 'is_difficult': True}],
  }
  stocked('voc', tfds.features.FeaturesDict(features), {'train': [example] * 2})
  (tmp_path / 'voc').rename(tmp_path / 'whole')
  (tmp_path / 'voc').mkdir()
  (tmp_path / 'whole').rename(tmp_path / 'voc' / '2007')
  return str(tmp_path)


def test_voc_is_found_where_tfds_prepares_it(data_dir):
  found = boxed.find('voc', data_dir)
  assert found.source == 'voc/2007/3.0.1'
  assert found.classes == boxed.VOC_CLASSES
  (entry,) = found.entries('train', [1])
  np.testing.assert_allclose(entry.boxes, [[0.2, 0.1, 0.6, 0.5]], rtol=1e-6)
  assert (entry.labels.tolist(), entry.difficult.tolist()) == ([14], [True])
  assert boxed.find('voc', data_dir, plan=True).declared == {'train': 2}


def test_an_absent_voc_is_refused_with_two_ways_to_get_it(tmp_path):
  words = (
    rf'voc/2007 is not under {tmp_path}; prepare it .* --dataset=folder --data_dir'
  )
  with pytest.raises(UserError, match=words):
    boxed.find('voc', str(tmp_path))


def test_an_absent_voc_is_planned_and_any_other_set_is_not(tmp_path):
  found = boxed.find('voc', str(tmp_path), plan=True)
  assert (found.declared, len(found.classes)) == ({'train': 0}, 20)
  with pytest.raises(UserError, match='--dataset=vok was given'):
    boxed.find('vok', str(tmp_path), plan=True)
