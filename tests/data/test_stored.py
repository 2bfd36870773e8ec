"""Data of a workdir whose data set is not there: what it stores is enough."""

import json

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from dl_core import config
from dl_core.data import (
  declarations,
  images,
  sources,
  stored,
  tabular,
  text,
  unpaired,
)
from dl_core.types import UserError

KEY = jax.random.key(0)


@pytest.fixture
def kept(tmp_path):
  """kept(data, dataset, ...) -> a workdir that stores the declaration of its data."""

  def workdir(data, dataset, **changes):
    folder = tmp_path / 'workdir'
    folder.mkdir(exist_ok=True)
    run = {
      'settings': {'dataset': dataset},
      'source': data.spec.source,
      'classes': list(data.spec.classes),
      'declaration': data.declaration,
      **changes,
    }
    for name, content in data.files().items():
      (folder / name).write_text(content, 'utf-8')
    content = json.dumps(
      {key: value for key, value in run.items() if value is not None}
    )
    (folder / 'config.json').write_text(content, 'utf-8')
    return folder

  return workdir


def images_of(dataset, data_dir):
  c = config.Config(dataset=dataset, data_dir=str(data_dir), batch_size=4)
  return images.load(c, 32, 1)


@pytest.fixture
def folder(tmp_path):
  for name, grey in (('ant', 10), ('벌', 100), ('cow', 200)):
    place = tmp_path / 'own' / 'train' / name
    place.mkdir(parents=True)
    for number in range(10):
      Image.new('L', (40, 30), grey + number).save(place / f'{number}.png')
  return tmp_path / 'own'


def refuses(data):
  with pytest.raises(UserError, match=r'stores only their declaration; .* --data_dir'):
    data.feed(KEY, 0)
  with pytest.raises(UserError, match=r'stores only their declaration; .* --data_dir'):
    list(data.splits['test']())


@pytest.mark.parametrize('declaration', ['stored', 'of an earlier run'])
def test_a_workdir_reads_images_as_its_folder_did(declaration, folder, kept):
  data = images_of('folder', folder)
  changes = {} if declaration == 'stored' else {'declaration': None}
  again = images_of('folder', kept(data, 'folder', **changes))
  assert again.spec == data.spec
  path = str(folder / 'train' / 'ant' / '3.png')
  np.testing.assert_array_equal(again.read(path), data.read(path))
  assert again.declaration == data.declaration
  refuses(again)


def test_a_workdir_reads_images_as_its_prepared_set_did(stock, kept, tmp_path):
  data = images_of('toys', stock('toys', {'train': [0, 1] * 20, 'test': [0, 1]}))
  again = images_of('toys', kept(data, 'toys'))
  assert again.spec == data.spec
  pixels = np.random.RandomState(0).randint(0, 256, (300, 200)).astype(np.uint8)
  Image.fromarray(pixels).save(tmp_path / 'a.png')
  found = again.read(str(tmp_path / 'a.png'))
  np.testing.assert_array_equal(found, data.read(str(tmp_path / 'a.png')))
  assert (found[:2] == 0).all()  # as coarse as the set: 28 pixels within 32
  refuses(again)


def text_of(dataset, data_dir):
  c = config.Config(dataset=dataset, data_dir=str(data_dir), batch_size=4)
  return text.load(c, 8)


@pytest.mark.parametrize('declaration', ['stored', 'of an earlier run'])
def test_a_workdir_reads_prompts_as_its_text_did(declaration, kept, tmp_path):
  own = tmp_path / 'own.txt'
  own.write_text('나는 별을 노래하는 마음으로\n' * 9, 'utf-8')
  data = text_of('text', own)
  if declaration == 'stored':
    folder = kept(data, 'text')
  else:
    alphabet = list(data.write(range(data.spec.limits.x)))
    folder = kept(data, 'text', declaration=None, classes=alphabet)
    (folder / 'vocabulary.json').unlink()
  own.write_text('별을 노래하는 새 마음\n' * 9, 'utf-8')  # edited since
  again = text_of('text', folder)
  assert again.spec == data.spec
  np.testing.assert_array_equal(again.read('별을'), data.read('별을'))
  assert again.write(data.read('별을')) == '별을'
  assert (text_of('text', own).read('별을') != data.read('별을')).any()
  refuses(again)


@pytest.mark.parametrize('content', [None, '', '{}', '{"kind": "characters"}'])
def test_a_workdir_without_its_vocabulary_is_refused_in_words(content, kept, tmp_path):
  own = tmp_path / 'own.txt'
  own.write_text('나는 별을 노래하는 마음으로\n' * 9, 'utf-8')
  folder = kept(text_of('text', own), 'text')
  (folder / 'vocabulary.json').unlink()
  if content is not None:
    (folder / 'vocabulary.json').write_text(content)
  with pytest.raises(UserError, match=r'vocabulary\.json, .* cannot be read .*--fresh'):
    text_of('text', folder)


@pytest.mark.parametrize('kind', ['words', 'bpe', 'wordpiece', 'file'])
def test_a_workdir_keeps_the_vocabulary_of_its_text(kind, kept, tmp_path):
  own, file = tmp_path / 'own.txt', tmp_path / 'vocab.txt'
  own.write_text('a note, on naïve notes.\n' * 30, 'utf-8')
  file.write_text('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nnote\n##s\non\n')
  c = config.Config(dataset='text', data_dir=str(own), batch_size=4)
  name = str(file) if kind == 'file' else kind
  pieces = 0 if kind == 'file' else 300
  data = text.load(c, 8, False, name, pieces)
  assert data.spec.source.split(', ')[1].startswith(f'{kind}-{pieces or 9}-')
  folder = kept(data, 'text')
  own.write_text('Another text.')
  file.unlink()
  c = config.Config(dataset='text', data_dir=str(folder), batch_size=4)
  again = text.load(c, 8, False, name, pieces)
  assert again.spec == data.spec
  ids = data.read('a note')
  np.testing.assert_array_equal(again.read('a note'), ids)
  assert again.write(ids) == data.write(ids) == 'a note'
  assert again.files() == data.files()
  refuses(again)


def test_a_workdir_knows_the_columns_of_its_table(tmp_path, kept):
  label = tfds.features.ClassLabel(names=['no', 'yes'])
  features = {'b': tfds.features.Tensor(shape=(2,), dtype=np.float32), 'a': np.int64}

  class Stock(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    VERSION = tfds.core.Version('1.0.0')
    name = 'toys'

    def _info(self):
      every = tfds.features.FeaturesDict(features | {'label': label})
      return tfds.core.DatasetInfo(builder=self, features=every)

    def _split_generators(self, dl_manager):
      return {'train': self._generate_examples()}

    def _generate_examples(self):
      for n in range(20):
        yield n, {'a': n, 'b': np.float32([n, -n]), 'label': n % 2}

  Stock(data_dir=tmp_path).download_and_prepare(file_format=sources.FORMAT)
  c = config.Config(dataset='toys', data_dir=str(tmp_path), batch_size=4)
  data = tabular.load(c)
  folder = str(kept(data, 'toys'))
  again = tabular.load(config.Config(dataset='toys', data_dir=folder, batch_size=4))
  assert again.spec == data.spec
  names = tabular.declared('toys', folder).names
  assert names == tabular.declared('toys', str(tmp_path)).names == ('a', 'b[0]', 'b[1]')
  refuses(again)


def test_a_workdir_of_images_without_labels_is_enough(tmp_path, kept):
  place = tmp_path / 'own' / 'train'
  place.mkdir(parents=True)
  for number in range(10):
    Image.new('L', (40, 30), 10 + number).save(place / f'{number}.png')

  def load(data_dir):
    c = config.Config(dataset='folder', data_dir=str(data_dir), batch_size=4)
    return images.load(c, 32, labels='optional')

  data = load(place.parent)
  workdir = kept(data, 'folder')
  again = load(workdir)
  assert again.spec == data.spec
  assert (again.spec.classes, again.spec.channels) == ((), 3)
  path = str(place / '3.png')
  np.testing.assert_array_equal(again.read(path), data.read(path))
  refuses(again)


def test_a_workdir_of_two_domains_is_enough(tmp_path, kept):
  for domain, count in (('A', 5), ('B', 7)):
    place = tmp_path / 'own' / f'train{domain}'
    place.mkdir(parents=True)
    for number in range(count):
      Image.new('RGB', (40, 30), (10 + number,) * 3).save(place / f'{number}.png')

  def load(data_dir):
    c = config.Config(dataset='folder', data_dir=str(data_dir), batch_size=2)
    return unpaired.load(c, 32)

  data = load(tmp_path / 'own')
  again = load(kept(data, 'folder'))
  assert again.spec == data.spec
  path = str(place / '3.png')
  np.testing.assert_array_equal(again.read(path), data.read(path))
  assert again.declaration == data.declaration
  refuses(again)


def test_what_a_sequence_consists_of_is_stored(tmp_path):
  box = declarations.Feature('BBoxFeature', (4,))
  label = declarations.Feature('ClassLabel', names=('cat', 'dog'))
  objects = declarations.Feature('Sequence', parts={'bbox': box, 'label': label})
  run = {
    'source': 'scenes/1.0.0',
    'classes': ['cat', 'dog'],
    'declaration': stored.packed({'objects': objects, 'label': label}),
  }
  (tmp_path / 'config.json').write_text(json.dumps(run), 'utf-8')
  assert 'parts' not in run['declaration']['features']['label']
  found = stored.declaration('scenes', str(tmp_path))
  assert found.features == {'objects': objects, 'label': label}


def test_a_workdir_declares_its_own_set_alone(folder, kept):
  workdir = str(kept(images_of('folder', folder), 'folder'))
  assert stored.declaration('folder', workdir) is not None
  for name in ('digits', 'text', 'fold'):
    assert stored.declaration(name, workdir) is None


@pytest.mark.parametrize(
  'content',
  ['', '[]', '{}', '{"source": 3}', '{"source": "folder/1"}', '{"source": "'],
)
def test_a_damaged_or_foreign_file_declares_nothing(content, tmp_path):
  (tmp_path / 'config.json').write_text(content, 'utf-8')
  assert stored.declaration('folder', str(tmp_path)) is None
  assert stored.declaration('folder', '') is None


def test_an_earlier_run_on_a_prepared_set_goes_on_needing_it(stock, kept, monkeypatch):
  data = images_of('toys', stock('toys', {'train': [0, 1] * 20}))
  workdir = kept(data, 'toys', declaration=None)
  with pytest.raises(UserError, match=r'--dataset=toys was given; .*prepared as'):
    images_of('toys', workdir)
