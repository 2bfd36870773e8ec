import errno
import json
import subprocess
import sys
import threading
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import tensorflow_datasets as tfds

from dl_core.data import __main__ as command
from dl_core.data import declarations, sources
from dl_core.data.builders import labelled
from dl_core.types import UserError


def python(code, *args):
  """Runs a program in an interpreter of its own; returns what it printed."""
  done = subprocess.run(
    [sys.executable, '-c', code, *args], capture_output=True, text=True, check=False
  )
  assert done.returncode == 0, done.stderr
  return done.stdout


def as_tfrecord(folder):
  """Rewrites what a prepared set says of its own format."""
  path = Path(folder) / 'dataset_info.json'
  path.write_text(json.dumps(json.loads(path.read_text()) | {'fileFormat': 'tfrecord'}))


def test_a_prepared_set_is_declared_without_tfds_and_read_without_tensorflow(
  digits_dir,
):
  printed = python(
    'import sys\n'
    'from dl_core.data import sources\n'
    "digits = sources.declare('digits', sys.argv[1])\n"
    "early = 'tensorflow_datasets' in sys.modules\n"
    "example = sources.records(digits, 'train')[0]\n"
    "print(early, example['image'].shape, 'tensorflow_datasets' in sys.modules,\n"
    "      [name for name in ('tensorflow', 'torch') if name in sys.modules])",
    digits_dir,
  )
  assert printed == 'False (8, 8, 1) True []\n'


def test_a_set_declares_the_same_before_and_after_it_is_prepared(tmp_path, digits_dir):
  before = sources.declare('digits', str(tmp_path))
  assert not before.prepared
  assert list(tmp_path.iterdir()) == []  # nothing was prepared
  after = sources.declare('digits', digits_dir)
  assert after.prepared
  for declaration in (before, after):
    assert declaration.source == 'digits/1.0.0'
    assert declaration.folder.parts[-2:] == ('digits', '1.0.0')
    assert declaration.features == {
      'image': declarations.Feature('Image', (8, 8, 1), dtype='uint8'),
      'label': declarations.Feature('ClassLabel', (), tuple('0123456789')),
    }
  assert before.counts == after.counts


def test_a_stock_set_is_read_and_its_newest_version_wins(stock):
  for version, labels in (('9.0.0', [0]), ('10.0.0', [0, 1, 1]), ('2.5.0', [0, 1])):
    data_dir = stock('toys', {'train': labels}, version=version)
  declaration = sources.declare('toys', data_dir)
  assert declaration.source == 'toys/10.0.0'
  assert declaration.counts == {'train': 3}
  assert declaration.features['label'].names == ('no', 'yes')
  assert len(sources.records(declaration, 'train')) == 3


def test_sides_that_vary_are_declared_as_none(stock):
  data_dir = stock('toys', {'train': [0]}, shape=(None, None, 1))
  declaration = sources.declare('toys', data_dir)
  assert declaration.features['image'].shape == (None, None, 1)


BOXES = [[0.1, 0.25, 0.5, 1.0], [1 / 3, 0.0, 2 / 3, 0.7]]


@pytest.fixture
def scenes(stocked):
  """A detection set as TFDS has them; image n has n boxes."""
  features = tfds.features.FeaturesDict(
    {
      'image': tfds.features.Image(shape=(None, None, 3)),
      'image/filename': tfds.features.Text(),
      'objects': tfds.features.Sequence(
        {
          'bbox': tfds.features.BBoxFeature(),
          'label': tfds.features.ClassLabel(names=['cat', 'dog']),
          'is_crowd': np.bool_,
        }
      ),
      'labels': tfds.features.Sequence(tfds.features.ClassLabel(names=['cat', 'dog'])),
    }
  )

  def example(n):
    objects = [
      {'bbox': tfds.features.BBox(*box), 'label': label, 'is_crowd': False}
      for box, label in list(zip(BOXES, (1, 0), strict=True))[:n]
    ]
    return {
      'image': labelled.png(np.full((4 + n, 5, 3), n, np.uint8)),
      'image/filename': f'{n}.png',
      'objects': objects,
      'labels': [each['label'] for each in objects],
    }

  return stocked('scenes', features, {'train': map(example, range(3))})


def test_a_detection_set_declares_what_its_objects_are(scenes):
  declared = sources.declare('scenes', scenes).features
  assert declared['image'].shape == (None, None, 3)
  assert declared['objects'] == declarations.Feature(
    'Sequence',
    parts={
      'bbox': declarations.Feature('BBoxFeature', (4,)),
      'label': declarations.Feature('ClassLabel', names=('cat', 'dog')),
      'is_crowd': declarations.Feature('Tensor', dtype='bool'),
    },
  )
  assert declared['labels'].parts == {
    '': declarations.Feature('ClassLabel', names=('cat', 'dog'))
  }


def test_images_boxes_and_labels_of_a_detection_set_are_read(scenes):
  examples = list(sources.examples(sources.declare('scenes', scenes), 'train'))
  counts = sorted(len(example['objects']['label']) for example in examples)
  assert counts == [0, 1, 2]
  for example in examples:
    n = len(example['objects']['label'])
    np.testing.assert_array_equal(example['image'], np.full((4 + n, 5, 3), n, np.uint8))
    assert list(example['objects']['label']) == list(example['labels']) == [1, 0][:n]
    for box, corners in zip(example['objects']['bbox'], BOXES[:n], strict=True):
      assert box.dtype == np.float32
      np.testing.assert_array_equal(box, np.float32(corners))


def test_a_translation_set_is_declared_and_read(stocked):
  pairs = [('Guten Tag', 'Good day'), ('어서 오세요', 'Welcome')]
  data_dir = stocked(
    'pairs',
    tfds.features.Translation(['de', 'en']),
    {'train': [{'de': a, 'en': b} for a, b in pairs]},
  )
  declaration = sources.declare('pairs', data_dir)
  assert declaration.features == {
    'de': declarations.Feature('Text'),
    'en': declarations.Feature('Text'),
  }
  read = [
    (example['de'].decode(), example['en'].decode())
    for example in sources.examples(declaration, 'train')
  ]
  assert sorted(read) == sorted(pairs)


def test_a_builder_declares_nested_features_as_its_prepared_set_does(tmp_path):
  inner = {
    'kind': tfds.features.ClassLabel(names=['a', 'b']),
    'box': tfds.features.BBoxFeature(),
  }
  features = tfds.features.FeaturesDict(
    {
      'many': tfds.features.Sequence(inner),
      'one': tfds.features.FeaturesDict(inner),
      'kinds': tfds.features.Sequence(inner['kind']),
      'said': tfds.features.Translation(['ko', 'en']),
    }
  )

  class Nested(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    VERSION = tfds.core.Version('1.0.0')
    COUNTS = MappingProxyType({'train': 1})

    def _info(self):
      metadata = tfds.core.MetadataDict(notes=[])
      return tfds.core.DatasetInfo(builder=self, features=features, metadata=metadata)

    def _split_generators(self, dl_manager):
      example = {'kind': 1, 'box': tfds.features.BBox(*BOXES[0])}
      said = {'ko': '집', 'en': 'house'}
      whole = {'many': [example], 'one': example, 'kinds': [0], 'said': said}
      return {'train': [(0, whole)]}

    def _generate_examples(self):
      raise NotImplementedError

  Nested.name = 'nested'
  builder = Nested(data_dir=tmp_path)
  before = declarations.of_builder(builder)
  builder.download_and_prepare(file_format=sources.FORMAT)
  after = sources.declare('nested', str(tmp_path))
  assert before.features == after.features
  kind = declarations.Feature('ClassLabel', names=('a', 'b'))
  found = after.features
  assert found['many'].parts['kind'] == found['one'].parts['kind'] == kind
  assert found['kinds'].parts == {'': kind}
  assert found['said'].parts['ko'] == declarations.Feature('Text')


def test_a_stock_set_goes_before_our_own_builder(stock):
  data_dir = stock('mnist', {'train': [0, 1], 'test': [1]})
  assert sources.declare('mnist', data_dir).source == 'mnist/3.0.1'


def test_a_newer_version_in_tfrecord_is_passed_over(stock):
  stock('toys', {'train': [0, 1]}, version='1.0.0')
  data_dir = stock('toys', {'train': [0]}, version='2.0.0')
  as_tfrecord(f'{data_dir}/toys/2.0.0')
  assert sources.declare('toys', data_dir).source == 'toys/1.0.0'


def test_a_set_prepared_only_as_tfrecord_is_refused_in_words(stock):
  data_dir = stock('mnist', {'train': [0, 1]})
  as_tfrecord(f'{data_dir}/mnist/3.0.1')
  with pytest.raises(
    UserError, match=r'only as .*3.0.1 \(tfrecord\).*TensorFlow.*give'
  ):
    sources.declare('mnist', data_dir)


def test_encoded_features_stay_bytes(digits_dir):
  declaration = sources.declare('digits', digits_dir)
  example = sources.records(declaration, 'test', encoded=('image',))[0]
  assert example['image'].startswith(b'\x89PNG')
  assert isinstance(sources.records(declaration, 'test')[0]['image'], np.ndarray)


def test_examples_are_the_records_in_their_order(digits_dir, monkeypatch):
  monkeypatch.setattr(sources, 'CHUNK', 100)
  declaration = sources.declare('digits', digits_dir)
  records = sources.records(declaration, 'test')
  found = list(sources.examples(declaration, 'test'))
  assert len(found) == len(records) == 359
  for row in (0, 99, 100, 358):
    assert found[row]['label'] == records[row]['label']
    np.testing.assert_array_equal(found[row]['image'], records[row]['image'])


def test_an_unknown_name_gets_the_nearest_and_the_list(stock):
  data_dir = stock('toys', {'train': [0]})
  with pytest.raises(
    UserError, match=r'=fashionmnist .*did you mean fashion_mnist.*toys'
  ):
    sources.declare('fashionmnist', data_dir)
  with pytest.raises(
    UserError, match=r'known here are bccd, .*breast_cancer, cifar10.*, toys, wine'
  ):
    sources.declare('qqq', data_dir)


@pytest.mark.parametrize('name', ['', '.', '../toys', '/toys', 'a//b', 'a/../toys'])
def test_a_name_that_is_a_path_is_unknown(name, stock):
  data_dir = stock('toys', {'train': [0]})
  with pytest.raises(UserError, match=f'--dataset={name} was given'):
    sources.declare(name, data_dir)


def test_the_default_folder_is_that_of_tfds(monkeypatch, tmp_path):
  monkeypatch.setenv('TFDS_DATA_DIR', str(tmp_path))
  assert sources.root() == tmp_path
  assert sources.root('elsewhere') == Path('elsewhere')
  monkeypatch.delenv('TFDS_DATA_DIR')
  assert sources.root() == Path(tfds.core.constants.DATA_DIR).expanduser()


@pytest.mark.parametrize('file', ['dataset_info.json', 'features.json'])
def test_a_damaged_declaration_is_named(stock, file):
  data_dir = stock('toys', {'train': [0]})
  path = Path(data_dir) / 'toys' / '3.0.1' / file
  path.write_text(path.read_text()[:-40])
  with pytest.raises(
    UserError, match=f'{file} cannot be read.*delete .*toys/3.0.1 and'
  ):
    sources.declare('toys', data_dir)


def test_a_missing_shard_is_told_in_words(stock):
  data_dir = stock('toys', {'train': [0, 1]})
  declaration = sources.declare('toys', data_dir)
  next(declaration.folder.glob('*array_record*')).unlink()
  with pytest.raises(
    UserError, match=r'toys/3.0.1 cannot be read .*No such file.*delete'
  ):
    list(sources.examples(declaration, 'train'))


def test_two_that_prepare_at_once_make_the_set_once(tmp_path, monkeypatch):
  made, make, started = [], sources._make, threading.Barrier(2)

  def counted(builder):
    made.append(builder)
    make(builder)

  def prepare():
    started.wait()
    folders.append(sources.prepare(declaration).folder)

  monkeypatch.setattr(sources, '_make', counted)
  declaration, folders = sources.declare('digits', str(tmp_path)), []
  threads = [threading.Thread(target=prepare) for _ in range(2)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert folders == [tmp_path / 'digits' / '1.0.0'] * 2
  assert len(made) == 1


def test_a_set_that_fails_while_it_is_made_leaves_nothing_and_can_be_made_again(
  tmp_path, monkeypatch
):
  encode, count = labelled.png, 0

  def failing(image):
    nonlocal count
    count += 1
    if count == 1_500:
      raise OSError(28, 'No space left on device')
    return encode(image)

  # What a process leaves behind that is killed while it prepares.
  leftover = tmp_path / 'digits' / 'incomplete.ABCDEF_1.0.0'
  leftover.mkdir(parents=True)
  declaration = sources.declare('digits', str(tmp_path))
  with monkeypatch.context() as patched:
    patched.setattr(labelled, 'png', failing)
    with pytest.raises(UserError, match=r'digits cannot be written.*No space left'):
      sources.prepare(declaration)
  assert list((tmp_path / 'digits').iterdir()) == []
  assert sources.prepare(declaration).counts['train'] == 1_258
  assert [path.name for path in (tmp_path / 'digits').iterdir()] == ['1.0.0']


def test_a_set_is_prepared_where_the_file_system_has_no_locks(tmp_path, monkeypatch):
  def flock(*_):
    raise OSError(errno.ENOLCK, 'No locks available')

  other = tmp_path / 'digits' / 'incomplete.ABCDEF_1.0.0'  # maybe at work
  other.mkdir(parents=True)
  monkeypatch.setattr(sources.fcntl, 'flock', flock)
  assert sources.prepare(sources.declare('digits', str(tmp_path))).prepared
  assert other.exists()


def test_a_name_of_a_class_may_have_strange_line_breaks(stock):
  names = ['no\u2028no', 'yes\x0cyes', 'maybe']
  data_dir = stock('toys', {'train': [0]}, label=tfds.features.ClassLabel(names=names))
  assert sources.declare('toys', data_dir).features['label'].names == tuple(names)


def test_a_full_disk_under_array_record_is_told_in_words(tmp_path, monkeypatch):
  def full(builder):
    raise RuntimeError('Failed to finalize: write() failed: No space left on device')

  monkeypatch.setattr(sources, '_make', full)
  with pytest.raises(UserError, match=r'cannot be written under .*No space left'):
    sources.prepare(sources.declare('digits', str(tmp_path)))


def test_a_builder_of_ours_that_fails_is_our_bug(tmp_path, monkeypatch):
  def broken(builder):
    raise RuntimeError('a bug')

  monkeypatch.setattr(sources, '_make', broken)
  with pytest.raises(RuntimeError, match=r'a bug'):
    sources.prepare(sources.declare('digits', str(tmp_path)))


def test_a_data_dir_that_cannot_be_is_refused_in_words(tmp_path):
  tmp_path.joinpath('file').touch()
  declaration = sources.declare('digits', str(tmp_path / 'file' / 'data'))
  with pytest.raises(UserError, match=r'cannot be written under .*give a folder'):
    sources.prepare(declaration)


def test_the_command_says_where_a_set_lies(digits_dir, capsys):
  assert command.main(['digits', f'--data_dir={digits_dir}']) == 0
  said = capsys.readouterr()
  assert (
    f'digits/1.0.0 is prepared in {digits_dir}/digits/1.0.0: 1,258 train' in said.out
  )
  assert 'share their writers' in said.out
  assert said.err == ''


def test_the_command_prepares_quietly_in_a_pipe(tmp_path, capfd):
  assert command.main(['digits', f'--data_dir={tmp_path}']) == 0
  said = capfd.readouterr()
  assert len(said.out.splitlines()) == 2
  assert said.err == ''
  assert (tmp_path / 'digits' / '1.0.0' / 'dataset_info.json').exists()


@pytest.mark.parametrize(
  ('argv', 'words'),
  [
    (['digit'], 'did you mean digits'),
    (['folder'], 'needs no preparing; give --dataset=folder --data_dir=DIR'),
    (['text'], 'needs no preparing; give --dataset=text --data_dir=FILE'),
    ([], 'NAME'),
    (['digits', '--dir=x'], '--dir=x'),
  ],
)
def test_the_command_refuses_in_one_line(argv, words, tmp_path, capsys):
  assert command.main([*argv, f'--data_dir={tmp_path}']) == 2
  said = capsys.readouterr()
  assert said.out == ''
  assert said.err.startswith('error: ')
  assert words in said.err
  assert said.err.count('\n') == 1
