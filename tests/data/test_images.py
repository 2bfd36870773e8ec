import os
import re
import shutil
import subprocess
import sys

import chex
import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from dl_core import config, train, trees
from dl_core.data import augment, images, pillow, sources, splits
from dl_core.types import UserError
from experiments import lenet

SPLITS = ('train', 'validation', 'test')


@pytest.fixture(scope='module')
def digits(digits_dir, load):
  return load(digits_dir)


def test_building_reads_and_writes_nothing(tmp_path, load):
  data = load(tmp_path, batch_size=64)
  assert list(tmp_path.iterdir()) == []
  assert data.spec.source == 'digits/1.0.0'
  assert data.spec.classes == tuple('0123456789')
  assert data.spec.batch.x.shape == (64, 32, 32, 1)


def test_batches_are_what_the_spec_declares(digits):
  batch = jax.eval_shape(
    digits.take, digits.feed(jax.random.key(0), 0), jax.random.key(0), 0
  )
  described = lambda tree: jax.tree.map(lambda a: (a.shape, str(a.dtype)), tree)
  assert described(batch) == described(digits.spec.batch)
  for split in SPLITS:
    for batch in digits.splits[split]():
      n = len(batch.y)
      assert described(batch) == (
        ((n, 32, 32, 1), 'float32'),
        ((n,), 'int32'),
        ((n,), 'float32'),
      )
      assert 0 <= batch.x.min() < batch.x.max() <= 1


def test_the_digits_come_in_three_splits_of_their_own(digits, everything):
  assert [len(everything(digits, split)[1]) for split in SPLITS] == [1_258, 180, 359]
  assert len(digits.notes) == 1  # the writers; nothing was carved


def test_the_baseline_is_the_most_frequent_class(digits):
  assert images.most_frequent(np.array([1, 2, 2]), np.array([2, 2, 1, 0])) == {
    'accuracy': 0.5
  }
  assert digits.baseline() == pytest.approx({'accuracy': 0.1}, abs=0.01)


@pytest.mark.parametrize(
  ('shape', 'channels', 'native'),
  [
    ((28, 28, 1), 1, (28, 28)),
    ((28, 28, 3), 3, (28, 28)),
    ((None, None, 1), 1, ()),
    ((None, None, 3), 3, ()),
    ((28, 28, 4), 3, ()),
    ((None, None, None), 3, ()),
  ],
)
def test_the_channels_are_those_of_the_set_unless_asked_for(
  shape, channels, native, stock, load
):
  data_dir = stock('toys', {'train': [0]}, shape=shape)
  own = load(data_dir, 'toys', channels=None).spec
  assert (own.channels, own.batch.x.shape[-1], own.native) == (
    channels,
    channels,
    native,
  )
  for asked in (1, 3):
    spec = load(data_dir, 'toys', channels=asked).spec
    assert (spec.channels, spec.batch.x.shape[-1], spec.native) == (
      asked,
      asked,
      native,
    )


def test_the_channels_of_our_sets_are_declared(load, tmp_path):
  channels = {
    name: load(tmp_path, name, channels=None).spec.channels
    for name in ('digits', 'mnist', 'fashion_mnist', 'cifar10')
  }
  assert channels == {'digits': 1, 'mnist': 1, 'fashion_mnist': 1, 'cifar10': 3}


@pytest.mark.parametrize('normalise', [(0.25, 0.5), ((0.1, 0.2, 0.3), (0.5, 0.6, 0.7))])
def test_pixels_are_normalised_alike_on_host_and_device(
  digits_dir, normalise, load, everything
):
  data = load(digits_dir, channels=3, normalise=normalise)
  plain = load(digits_dir, channels=3)
  x, _ = everything(data, 'test')
  wanted = (everything(plain, 'test')[0] - np.array(normalise[0])) / normalise[1]
  np.testing.assert_allclose(x, wanted, atol=1e-6)
  assert x.dtype == np.float32
  # The device applies the same rule to the same rows.
  arrays, key = data.feed(jax.random.key(0), 0), jax.random.key(0)
  batch, rows = jax.jit(data.take)(arrays, key, 3), np.array(data.rows(key, 3))
  np.testing.assert_allclose(batch.x, everything(data, 'train')[0][rows], atol=1e-6)


def test_only_training_is_augmented(digits_dir, load, everything):
  data = load(
    digits_dir, augment=augment.on_x(lambda key, x: x + jax.random.uniform(key) + 10)
  )
  one, two = (
    data.take(data.feed(jax.random.key(0), 0), jax.random.key(0), step)
    for step in (0, 1)
  )
  assert one.x.min() >= 10
  assert one.x.min() != two.x.min()  # a draw of its own at each step
  assert everything(data, 'train')[0].max() <= 1


WARM = """
import sys
import jax
from dl_core import config
from dl_core.data import images
data = images.load(config.Config(data_dir=sys.argv[1]), 32, 1)
data.feed(jax.random.key(0), 0), data.baseline(), data.digests()
heavy = 'tensorflow tensorflow_datasets torch sklearn matplotlib grain orbax'.split()
print([name for name in heavy if name in sys.modules])
"""


def test_a_warm_start_imports_nothing_heavy(digits, digits_dir):
  digits.digests()  # decodes all there is
  done = subprocess.run(
    [sys.executable, '-c', WARM, digits_dir], capture_output=True, text=True, check=True
  )
  assert done.stdout == '[]\n'


@pytest.fixture
def warm(digits, digits_dir, tmp_path, everything):
  """A copy of the digits with what was decoded: (data_dir, cache file, arrays)."""
  digits.digests()
  data_dir = shutil.copytree(digits_dir, tmp_path / 'copy')
  cache = data_dir / 'digits' / '1.0.0' / 'decoded' / 'test-32x32x1-2.npz'
  return data_dir, cache, everything(digits, 'test')


def truncated(path):
  os.truncate(path, path.stat().st_size - 1_000)


def emptied(path):
  os.truncate(path, 0)


def flipped(path):
  content = bytearray(path.read_bytes())
  content[len(content) // 8] ^= 4
  path.write_bytes(content)


def pickled(path):
  np.save(path.with_suffix('.npy'), np.array([print], object), allow_pickle=True)
  os.replace(path.with_suffix('.npy'), path)


@pytest.mark.parametrize('damage', [truncated, emptied, flipped, pickled, os.unlink])
def test_a_damaged_cache_is_made_anew(warm, damage, load, everything):
  data_dir, cache, wanted = warm
  whole = cache.read_bytes()
  damage(cache)
  found = everything(load(data_dir), 'test')
  for array, of in zip(found, wanted, strict=True):
    np.testing.assert_array_equal(array, of)
  assert len(cache.read_bytes()) == len(whole)
  assert {path.suffix for path in cache.parent.iterdir()} == {'.npz'}


def test_a_whole_cache_is_read_and_the_records_are_not(
  warm, monkeypatch, load, everything
):
  monkeypatch.setattr(sources, 'records', lambda *_: pytest.fail('read'))
  data_dir, _, wanted = warm
  np.testing.assert_array_equal(everything(load(data_dir), 'test')[0], wanted[0])


def test_each_size_and_each_number_of_channels_has_a_cache_of_its_own(
  warm, load, everything
):
  data_dir, _, _ = warm
  for size, channels in ((16, 1), (32, 3), (32, 1)):
    x, _ = everything(load(data_dir, size=size, channels=channels), 'test')
    assert x.shape == (359, size, size, channels)


def test_a_set_that_cannot_be_written_beside_is_read_all_the_same(
  warm, load, everything
):
  data_dir, cache, wanted = warm
  shutil.rmtree(cache.parent)
  cache.parent.touch()  # a file where the folder would be
  np.testing.assert_array_equal(everything(load(data_dir), 'test')[0], wanted[0])


def test_a_damaged_record_is_told_in_words(warm, load, everything):
  data_dir, cache, _ = warm
  cache.unlink()
  flipped(next(cache.parents[1].glob('digits-test.array_record*')))
  with pytest.raises(
    UserError, match=r'digits/1.0.0 cannot be read .*; delete it and prepare'
  ):
    everything(load(data_dir), 'test')


def test_a_set_without_validation_has_it_carved_from_train(stock, load, everything):
  labels = [0, 1] * 50
  data = load(stock('toys', {'train': labels, 'test': [0, 1, 1]}), 'toys', size=28)
  train, validation, test = (everything(data, split) for split in SPLITS)
  assert [len(y) for _, y in (train, validation, test)] == [90, 10, 3]
  assert np.bincount(validation[1]).tolist() == [5, 5]
  # Together they are the hundred images of train, each once; each has its own grey.
  greys = np.concatenate([train[0], validation[0]])[:, 0, 0, 0] * 255
  assert sorted(greys.round().astype(int)) == list(range(100))
  assert data.spec.source == 'toys/3.0.1'
  assert data.spec.classes == ('no', 'yes')
  assert len(data.notes) == 1
  assert data.notes[0].startswith('The validation set is 10% (at most 5,000) of')


def test_at_most_5000_are_carved_for_validation(monkeypatch, stock, load, everything):
  monkeypatch.setattr(splits, 'MOST', 4)
  data = load(stock('toys', {'train': [0, 1] * 50, 'test': [0]}), 'toys')
  assert len(everything(data, 'validation')[1]) == 4


def test_a_set_with_validation_and_no_test_is_tested_on_that(stock, load, everything):
  data = load(stock('toys', {'train': [0, 1] * 10, 'validation': [1, 1, 0]}), 'toys')
  sizes = [len(everything(data, split)[1]) for split in SPLITS]
  assert sizes == [18, 2, 3]
  assert set(everything(data, 'test')[1]) == {0, 1}
  assert 'validation set is 10%' in data.notes[0]


def test_a_set_with_train_alone_has_both_carved(stock, load, everything):
  data = load(stock('toys', {'train': [0, 1] * 10}), 'toys')
  assert [len(everything(data, split)[1]) for split in SPLITS] == [14, 2, 4]
  assert [note[:7] for note in data.notes] == ['The tes', 'The val']


@pytest.mark.parametrize(
  ('splits', 'label', 'words'),
  [
    ({'test': [0]}, None, 'has only test; give a set with a split train'),
    ({'train': [0, 1]}, tfds.features.Scalar(np.int64), r'label \(Scalar\); wanted'),
    (
      {'train': [0, 1] * 2, 'test': [-1]},
      None,
      'test split of toys/3.0.1 has labels out',
    ),
    ({'train': [0, 1], 'test': [1]}, None, 'has 2 training examples of 2 .* too few'),
  ],
)
def test_a_set_that_will_not_do_is_refused_in_words(stock, splits, label, words, load):
  data_dir = stock('toys', splits, label=label)
  with pytest.raises(UserError, match=words):
    load(data_dir, 'toys').digests()


def test_a_set_of_floating_point_images_is_refused_by_name(stock, load, tmp_path):
  data_dir = stock('toys', {'train': [0, 1] * 10})
  declared = tmp_path / 'toys' / '3.0.1' / 'features.json'
  content = declared.read_text('utf-8')
  assert '"uint8"' in content
  declared.write_text(content.replace('"uint8"', '"float32"'), 'utf-8')
  with pytest.raises(
    UserError, match=r'--dataset=toys .* declared as float32, .* uint8'
  ):
    load(data_dir, 'toys')


def test_images_of_16_bits_in_a_prepared_set_keep_their_upper_8(
  stock, load, everything, encoded, monkeypatch
):
  from dl_core.data.builders import labelled

  wide = lambda image: encoded(Image.fromarray(image[..., 0] * np.uint16(257)), 'png')
  monkeypatch.setattr(labelled, 'png', wide)
  data = load(stock('toys', {'train': [0, 1] * 10}, dtype=np.uint16), 'toys', size=28)
  x = np.concatenate([everything(data, split)[0] for split in SPLITS])
  np.testing.assert_allclose(np.sort(x[:, 0, 0, 0] * 255), np.arange(20), atol=1e-4)


def test_ones_own_image_is_read_as_those_of_the_set_were(
  digits, digits_dir, tmp_path, everything
):
  declaration = sources.declare('digits', digits_dir)
  example = sources.records(declaration, 'test', encoded=('image',))[0]
  path = tmp_path / 'digit.png'
  path.write_bytes(example['image'])
  x, _ = everything(digits, 'test')
  np.testing.assert_array_equal(digits.read(str(path)), x[0])
  # A large picture of the same digit becomes as coarse as the digits are.
  Image.open(path).resize((320, 320), Image.Resampling.NEAREST).save(path)
  assert np.abs(digits.read(str(path)) - x[0]).mean() < 0.05


def test_a_text_is_no_image(digits, tmp_path):
  tmp_path.joinpath('a.txt').write_text('dear reader')
  with pytest.raises(UserError, match=r'a\.txt is not an image that Pillow can read'):
    digits.read(str(tmp_path / 'a.txt'))


def test_labels_are_drawn_anew_in_training_alone(digits, digits_dir, load, everything):
  noisy = load(digits_dir, label_noise=0.5)
  for split in SPLITS:
    (x, y), (other, z) = everything(digits, split), everything(noisy, split)
    np.testing.assert_array_equal(x, other)
    wrong = np.mean(y != z)
    assert 0.4 < wrong < 0.5 if split == 'train' else wrong == 0  # 0.45 are expected
  assert noisy.notes[-1].startswith('50% of the training labels are random')
  assert noisy.digests()['train'] != digits.digests()['train']


@pytest.fixture(scope='session')
def stream():
  """stream(data_dir, dataset, ...) -> Data of a set that is read as it is needed."""

  def data(data_dir, dataset='digits', size=32, channels=1, **kwargs):
    c = config.Config(
      dataset=dataset, data_dir=str(data_dir), batch_size=8, resident_bytes=0
    )
    return images.load(c, size, channels, **kwargs)

  return data


def assert_alike(one, other, steps):
  """Batches and evaluation agree bit for bit, whichever way they come."""
  key, takes = jax.random.key(7), [jax.jit(data.take) for data in (one, other)]
  for step in steps:
    batch, of = (
      take(data.feed(key, step), key, step)
      for take, data in zip(takes, (one, other), strict=True)
    )
    assert len(jax.tree.leaves(batch)) == 3
    jax.tree.map(np.testing.assert_array_equal, batch, of)
    np.testing.assert_array_equal(one.rows(key, step), other.rows(key, step))
  for split in SPLITS:
    for batch, of in zip(one.splits[split](), other.splits[split](), strict=True):
      jax.tree.map(np.testing.assert_array_equal, batch, of)
  assert one.baseline() == other.baseline()
  assert (one.spec, one.notes) == (other.spec, other.notes)


def noisy(key, x):
  return x + jax.random.uniform(key, x.shape)


def test_a_streamed_set_is_the_resident_one_bit_for_bit(digits_dir, load, stream):
  options = {'normalise': (0.25, 0.3), 'augment': augment.on_x(noisy)}
  one, other = (make(digits_dir, **options) for make in (load, stream))
  assert_alike(one, other, range(155, 160))  # 157 batches an epoch
  key = jax.random.key(7)
  assert one.feed(key, 0) is one.feed(key, 1)
  assert other.feed(key, 0) is not other.feed(key, 1)


@pytest.mark.parametrize('more', [{}, {'validation': [1, 1, 0]}])
def test_what_is_carved_does_not_depend_on_the_way(more, stock, load, stream):
  data_dir = stock('toys', {'train': [0, 1] * 30} | more)
  assert_alike(load(data_dir, 'toys'), stream(data_dir, 'toys'), range(3, 8))
  options = {'train_size': 16, 'label_noise': 0.5}
  both = (make(data_dir, 'toys', **options) for make in (load, stream))
  assert_alike(*both, range(3, 8))


def test_a_set_streams_from_one_byte_too_many_on(digits_dir):
  key, size = jax.random.key(0), 1_258 * 32 * 32
  for resident_bytes, streams in ((size, False), (size - 1, True)):
    c = config.Config(data_dir=digits_dir, resident_bytes=resident_bytes)
    data = images.load(c, 32, 1)
    assert (data.feed(key, 0) is not data.feed(key, 1)) == streams


def test_a_streamed_run_ends_as_a_resident_one_and_resumes_in_the_middle(
  digits_dir, tmp_path
):
  def build(**how):
    settings = {'steps': 20, 'batch_size': 8, 'channels': 2, 'eval_every': 10}
    return lenet.build(lenet.Config(data_dir=digits_dir, **settings, **how))

  resident = train.fit(build())
  asked = iter([False] * 13)
  cut = train.fit(
    build(resident_bytes=0), tmp_path, interrupted=lambda: next(asked, True)
  )
  assert (int(cut.state.step), cut.ended) == (13, '')
  streamed = train.fit(build(resident_bytes=0), tmp_path)
  chex.assert_trees_all_equal(*(trees.flatten(r.state) for r in (streamed, resident)))
  losses = [[line['loss'] for line in run.lines] for run in (streamed, resident)]
  assert losses[0] == losses[1]
  assert len(losses[0]) == 6  # validation thrice, train twice, test


def test_nothing_that_streams_is_decoded_in_larger_pieces_than_a_batch(
  digits_dir, stream, monkeypatch, everything
):
  sizes, stacked = [], pillow.stacked
  monkeypatch.setattr(
    pillow,
    'stacked',
    lambda files, n, shape: sizes.append(n) or stacked(files, n, shape),
  )
  data = stream(digits_dir)
  assert len(everything(data, 'train')[1]) == 1_258
  data.digests(), data.baseline()
  assert max(sizes) <= 256
  assert sum(sizes) == 1_258 + 1  # and the first one again, to fill up with


def test_labels_are_read_without_an_image_and_kept(warm, stream, monkeypatch):
  data_dir, cache, _ = warm
  monkeypatch.setattr(pillow, 'decoded', lambda *_: pytest.fail('decoded'))
  found = stream(data_dir).digests()
  monkeypatch.setattr(sources, 'records', lambda *_: pytest.fail('read'))
  assert stream(data_dir).digests() == found
  assert cache.with_name('test-labels.npz').exists()


def test_other_files_or_other_labels_are_noticed_though_nothing_is_decoded(
  stock, stream, tmp_path
):
  found = []
  for labels in ([0, 1] * 10, [1, 0] * 10):
    data_dir = stock('toys', {'train': labels, 'test': [0, 1]})
    found.append(stream(data_dir, 'toys').digests())
    shutil.rmtree(tmp_path / 'toys')
  data_dir = stock('toys', {'train': [0, 1] * 10, 'test': [0, 1]})
  same = stream(data_dir, 'toys')
  assert same.digests() == found[0] != found[1]
  with open(next(tmp_path.glob('toys/*/toys-train.array_record*')), 'ab') as file:
    file.write(b'more')
  assert stream(data_dir, 'toys').digests() != found[0]


def test_a_damaged_record_of_a_streamed_set_is_told_by_its_number(warm, stream):
  data_dir, cache, _ = warm
  data, key = stream(data_dir), jax.random.key(0)
  flipped(next(cache.parents[1].glob('digits-train.array_record*')))
  steps = iter(range(157))
  with pytest.raises(UserError) as raised:
    all(data.feed(key, step) for step in steps)
  said, step = str(raised.value), next(steps) - 1
  number = int(re.match(r'example (\d+) of train in .*digits/1.0.0 cannot be', said)[1])
  assert '\n' not in said
  assert number in data.rows(key, step)
  with pytest.raises(UserError, match=f'example {number} of train'):
    list(data.splits['train']())


def test_a_streamed_set_that_will_not_do_is_refused_in_words(stock, stream):
  data = stream(stock('toys', {'train': [0, -1] * 20, 'test': [0]}), 'toys')
  with pytest.raises(UserError, match=r'train split of toys/3.0.1 has labels outside'):
    data.feed(jax.random.key(0), 0)


def test_a_batch_larger_than_a_streamed_set_is_refused_in_words(stock, stream):
  data = stream(
    stock('few', {'train': [0, 1, 0], 'validation': [1], 'test': [0]}), 'few'
  )
  with pytest.raises(UserError, match=r'--batch_size=8 was given, .* has 3 training'):
    data.feed(jax.random.key(0), 0)


@pytest.mark.data
def test_cifar10_streams_as_it_is_resident(test_data, tmp_path, load, stream):
  unpack = [sys.executable, test_data / 'cifar-10' / 'unpack_cifar10.py']
  manual = tmp_path / 'downloads' / 'manual'
  subprocess.run([*unpack, manual, '--batches'], check=True, capture_output=True)
  options = {'dataset': 'cifar10', 'channels': 3, 'augment': augment.on_x(noisy)}
  one, other = (make(tmp_path, **options) for make in (load, stream))
  assert_alike(one, other, range(5_622, 5_630))  # 45,000 to train on: 5,625 an epoch


@pytest.mark.data
def test_mnist_is_cached_and_carved(test_data, tmp_path, load, everything):
  shutil.copytree(test_data / 'mnist', tmp_path / 'downloads' / 'manual' / 'mnist')
  data = load(tmp_path, 'mnist')
  sizes = [len(everything(data, split)[1]) for split in SPLITS]
  assert sizes == [55_000, 5_000, 10_000]
  assert data.baseline() == {'accuracy': 0.1135}
  again = load(tmp_path, 'mnist')
  assert again.digests() == data.digests()
