"""Each builder on small files with their own sums, and on the real ones if given."""

import gzip
import io
import os
import shutil
import tarfile

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from dl_core.data import sources
from dl_core.data.builders import idx, labelled
from dl_core.data.builders.cifar10 import cifar10_dataset_builder as cifar10
from dl_core.data.builders.fashion_mnist import fashion_mnist_dataset_builder
from dl_core.data.builders.mnist import mnist_dataset_builder
from dl_core.types import UserError

COUNTS = {'train': 12, 'test': 5}


def idx_bytes(array):
  header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, '>u4').tobytes()
  return gzip.compress(header + array.tobytes())


def images_of(seed, shape=(28, 28)):
  random = np.random.RandomState(seed)
  return {
    split: (
      random.randint(0, 256, (n, *shape)).astype(np.uint8),
      random.randint(0, 10, n).astype(np.uint8),
    )
    for split, n in COUNTS.items()
  }


@pytest.fixture
def idx_set(monkeypatch, original):
  """Writes the four files of a small set; its builder then asks for their sums."""

  def write(module, arrays, folder):
    files = {}
    for split, names in idx.FILES.items():
      for name, array in zip(names, arrays[split], strict=True):
        files[name] = original(folder / name, idx_bytes(array))
    monkeypatch.setattr(module.Builder, 'ORIGINALS', files)

  return write


def assert_prepared(name, data_dir, arrays):
  declaration = sources.prepare(sources.declare(name, str(data_dir)))
  assert declaration.counts == COUNTS
  for split, (images, labels) in arrays.items():
    examples = sources.records(declaration, split)
    assert [example['label'] for example in examples] == labels.tolist()
    found = np.stack([example['image'] for example in examples])
    np.testing.assert_array_equal(found.reshape(images.shape), images)


@pytest.mark.parametrize(
  'module', [mnist_dataset_builder, fashion_mnist_dataset_builder]
)
def test_idx_files_are_read_in_their_order(module, idx_set, tmp_path):
  arrays = images_of(0)
  name = module.Builder.name
  idx_set(module, arrays, tmp_path / 'downloads' / 'manual' / name)
  assert_prepared(name, tmp_path, arrays)


def test_the_first_batch_prepares_the_set(idx_set, tmp_path, load, everything):
  arrays = images_of(0)
  idx_set(mnist_dataset_builder, arrays, tmp_path / 'downloads' / 'manual')
  data = load(tmp_path, 'mnist', size=28)
  assert not (tmp_path / 'mnist').exists()
  x, y = everything(data, 'test')
  images, labels = arrays['test']
  np.testing.assert_array_equal(np.round(x[..., 0] * 255), images)
  np.testing.assert_array_equal(y, labels)


def test_two_sets_whose_files_have_the_same_names_are_not_mixed_up(idx_set, tmp_path):
  manual = tmp_path / 'downloads' / 'manual'
  digits, clothes = images_of(1), images_of(2)
  idx_set(mnist_dataset_builder, digits, manual)
  idx_set(fashion_mnist_dataset_builder, clothes, manual / 'fashion_mnist')
  assert_prepared('fashion_mnist', tmp_path, clothes)
  assert_prepared('mnist', tmp_path, digits)


def test_only_the_other_sets_files_are_not_taken(idx_set, tmp_path):
  manual = tmp_path / 'downloads' / 'manual'
  idx_set(fashion_mnist_dataset_builder, images_of(2), tmp_path / 'elsewhere')
  idx_set(mnist_dataset_builder, images_of(1), manual)
  with pytest.raises(
    UserError, match=r'train-images.*missing: .*manual/train-images.*ha'
  ):
    sources.prepare(sources.declare('fashion_mnist', str(tmp_path)))


def test_a_truncated_idx_file_ends_in_one_sentence(idx_set, tmp_path):
  manual = tmp_path / 'downloads' / 'manual'
  idx_set(mnist_dataset_builder, images_of(0), manual)
  os.truncate(manual / 'train-labels-idx1-ubyte.gz', 20)
  with pytest.raises(UserError) as raised:
    sources.prepare(sources.declare('mnist', str(tmp_path)))
  assert raised.match('train-labels-idx1-ubyte.gz.*is missing.*has 20 bytes')
  assert '\n' not in str(raised.value)
  assert not (tmp_path / 'mnist' / '1.0.0').exists()


@pytest.mark.parametrize(
  'content', [b'\0\0\x08\x01\0\0\0\x05abc', b'\0\0\x0d\x01\0\0\0\x03abc', b'PK abcdefg']
)
def test_what_is_no_idx_file_is_refused(content, tmp_path):
  tmp_path.joinpath('a.gz').write_bytes(gzip.compress(content))
  with pytest.raises(ValueError, match=r'a.gz is not an idx file of bytes'):
    idx.read(tmp_path / 'a.gz')


@pytest.mark.parametrize('packed', [False, True], ids=['batches', 'archive'])
def test_cifar10_is_read_from_its_batches_or_its_archive(
  packed, monkeypatch, original, tmp_path
):
  manual = tmp_path / 'downloads' / 'manual'
  arrays = images_of(3, (3, 32, 32))
  rows = {
    split: np.concatenate([labels[:, None], images.reshape(len(labels), -1)], axis=1)
    for split, (images, labels) in arrays.items()
  }
  parts = {cifar10.FILES['test'][0]: rows['test']}
  parts |= dict(
    zip(cifar10.FILES['train'], np.split(rows['train'], [3, 6, 9, 11]), strict=True)
  )
  files, memory = {}, io.BytesIO()
  with tarfile.open(fileobj=memory, mode='w:gz') as archive:
    for name, part in parts.items():
      entry = tarfile.TarInfo(name)
      entry.size = part.size
      archive.addfile(entry, io.BytesIO(part.tobytes()))
      files[name] = original(manual / name, part.tobytes())._replace(name=name)
  files[cifar10.ARCHIVE] = original(manual / cifar10.ARCHIVE, memory.getvalue())
  (manual / cifar10.ARCHIVE if not packed else manual / name).unlink()
  monkeypatch.setattr(cifar10.Builder, 'ORIGINALS', files)
  assert_prepared(
    'cifar10',
    tmp_path,
    {split: (x.transpose(0, 2, 3, 1), y) for split, (x, y) in arrays.items()},
  )


def test_digits_are_those_of_scikit_learn_each_in_one_split(digits_dir):
  from sklearn import datasets

  declaration = sources.declare('digits', digits_dir)
  assert declaration.counts == {'train': 1_258, 'validation': 180, 'test': 359}
  found = []
  for split in declaration.counts:
    examples = sources.records(declaration, split)
    labels = [example['label'] for example in examples]
    shares = np.bincount(labels) / len(labels)
    assert np.abs(shares - 0.1).max() < 0.01  # stratified
    found += [
      (label, (example['image'] / (255 / 16)).round().astype(int).tobytes())
      for label, example in zip(labels, examples, strict=True)
    ]
  digits = datasets.load_digits()
  assert sorted(found) == sorted(
    (label, image.astype(int).tobytes())
    for label, image in zip(digits.target, digits.images, strict=True)
  )


def test_digits_say_that_writers_are_shared(tmp_path, digits_dir):
  before, after = (sources.declare('digits', str(d)) for d in (tmp_path, digits_dir))
  assert before.notes == after.notes
  assert 'share their writers' in before.notes[0]


TABLES = {  # set, a split's size, and a column of scikit-learn's by its number
  'iris': (150, {'sepal_length': 0, 'petal_width': 3}),
  'wine': (178, {'alcohol': 0, 'od280_od315_of_diluted_wines': 11, 'proline': 12}),
  'breast_cancer': (569, {'mean_radius': 0, 'radius_error': 10, 'worst_texture': 21}),
  'diabetes': (442, {'age': 0, 'bmi': 2, 's6': 9}),
}


@pytest.mark.parametrize('name', TABLES)
def test_a_table_is_scikit_learns_each_row_in_one_split(name, tmp_path):
  from sklearn import datasets

  options = {'scaled': False} if name == 'diabetes' else {}
  x, y = getattr(datasets, f'load_{name}')(return_X_y=True, **options)
  n, columns = TABLES[name]
  before = sources.declare(name, str(tmp_path))
  assert before.counts == {
    'test': round(0.2 * n),
    'validation': round(0.1 * n),
    'train': n - round(0.2 * n) - round(0.1 * n),
  }
  after = sources.prepare(before)
  assert after == before._replace(prepared=True)
  assert len(after.features) == x.shape[1] + 1
  found = []
  for split in after.counts:
    rows = list(sources.records(after, split))
    found += [[row[key] for key in (*columns, after.target)] for row in rows]
    if name != 'diabetes':
      shares = np.bincount([row['label'] for row in rows]) / len(rows)
      assert np.abs(shares - np.bincount(y) / n).max() < 0.03
  wanted = np.column_stack([*(x[:, place] for place in columns.values()), y])
  ordered = [sorted(map(tuple, rows)) for rows in (found, wanted.astype(np.float32))]
  np.testing.assert_array_equal(*ordered)


@pytest.mark.parametrize('shape', [(5, 7, 1), (5, 7, 3)])
def test_png_loses_nothing(shape):
  image = np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)
  with Image.open(io.BytesIO(labelled.png(image))) as found:
    np.testing.assert_array_equal(np.array(found).reshape(shape), image)


def test_our_builders_leave_the_names_of_stock_ones_alone():
  registered = tfds.core.registered._DATASET_REGISTRY
  ours = [cls for cls in registered.values() if cls.__module__.startswith('dl_core')]
  assert ours == []
  for module in (mnist_dataset_builder, fashion_mnist_dataset_builder, cifar10):
    assert module.Builder.VERSION != '3.0.1'  # of the stock sets, in another order
    assert module.Builder.VERSION != '3.0.2'


@pytest.mark.data
def test_mnist_from_its_real_files(test_data, tmp_path):
  manual = tmp_path / 'downloads' / 'manual' / 'mnist'
  shutil.copytree(test_data / 'mnist', manual)
  declaration = sources.prepare(sources.declare('mnist', str(tmp_path)))
  assert declaration.counts == {'train': 60_000, 'test': 10_000}
  train = sources.records(declaration, 'train')
  assert [train[row]['label'] for row in range(5)] == [5, 0, 4, 1, 9]
