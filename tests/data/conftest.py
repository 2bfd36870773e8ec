"""Data sets for tests: images as arrays, and small sets like stock ones."""

import hashlib
import io

import numpy as np
import pytest
import tensorflow_datasets as tfds

from dl_core import config
from dl_core.data import images, sources
from dl_core.data.builders import labelled, originals


@pytest.fixture(scope='session')
def load():
  """load(data_dir, dataset, size, ...) -> the Data of a set of images."""

  def data(data_dir, dataset='digits', size=32, channels=1, batch_size=8, **kwargs):
    c = config.Config(dataset=dataset, data_dir=str(data_dir), batch_size=batch_size)
    return images.load(c, size, channels, **kwargs)

  return data


@pytest.fixture(scope='session')
def everything():
  """everything(data, split) -> x, y of all its examples, without the padding."""

  def arrays(data, split):
    found = list(data.splits[split]())
    real = np.concatenate([batch.weight for batch in found]) == 1
    return tuple(
      np.concatenate([getattr(batch, name) for batch in found])[real] for name in 'xy'
    )

  return arrays


@pytest.fixture(scope='session')
def encoded():
  """encoded(Pillow image, format, ...) -> the bytes of its file."""

  def content(image, kind, **options):
    memory = io.BytesIO()
    image.save(memory, kind, **options)
    return memory.getvalue()

  return content


@pytest.fixture
def stocked(tmp_path):
  """Prepares a set of any features as TFDS does; returns its data_dir.

  stocked(name, features, {split: its examples}, version)
  """

  def prepare(name, features, splits, version='3.0.1'):
    class Stock(tfds.core.GeneratorBasedBuilder, skip_registration=True):
      VERSION = tfds.core.Version(version)

      def _info(self):
        return tfds.core.DatasetInfo(builder=self, features=features)

      def _split_generators(self, dl_manager):
        return {split: enumerate(splits[split]) for split in splits}

      def _generate_examples(self):
        raise NotImplementedError

    Stock.name = name
    Stock(data_dir=tmp_path).download_and_prepare(file_format=sources.FORMAT)
    return str(tmp_path)

  return prepare


@pytest.fixture
def stock(stocked):
  """Prepares a set of labelled images as TFDS does; returns its data_dir."""

  def prepare(name, splits, *, label=None, version='3.0.1', shape=(28, 28, 1), **image):
    """`splits` is {name: labels}; an image is filled with its number.

    With label=False the labels only count the images.
    """
    features = {'image': tfds.features.Image(shape=shape, **image)}
    if label is not False:
      features['label'] = label or tfds.features.ClassLabel(names=['no', 'yes'])

    def examples(labels):
      for number, value in enumerate(labels):
        image = labelled.png(np.full((28, 28, 1), number, np.uint8))
        example = {'image': image, 'label': value}
        yield {key: example[key] for key in features}

    return stocked(
      name,
      tfds.features.FeaturesDict(features),
      {split: examples(labels) for split, labels in splits.items()},
      version,
    )

  return prepare


@pytest.fixture
def original():
  """Writes a file and returns what a checksums.tsv would say of it."""

  def write(path, content, url='http://127.0.0.1:9/'):  # where nobody listens
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return originals.Original(url + path.name, len(content), sha256, path.name)

  return write
