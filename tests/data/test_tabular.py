import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds

from dl_core import config
from dl_core.data import sources, tabular
from dl_core.tasks import measures
from dl_core.types import UserError

SPLITS = ('train', 'validation', 'test')
NUMBER = tfds.features.Scalar(np.float32)
LABEL = tfds.features.ClassLabel(names=['no', 'yes'])


@pytest.fixture(scope='module')
def data_dir(tmp_path_factory):
  """A data_dir in which our tables are prepared when they are first read."""
  return str(tmp_path_factory.mktemp('tables'))


def load(data_dir, dataset='iris', batch_size=8, **options):
  c = config.Config(dataset=dataset, data_dir=data_dir, batch_size=batch_size)
  return tabular.load(c, **options)


@pytest.fixture
def table(tmp_path):
  """Prepares a table as TFDS does; returns its data_dir."""

  def prepare(features, splits, keys=None):
    class Table(tfds.core.GeneratorBasedBuilder, skip_registration=True):
      VERSION = tfds.core.Version('3.0.1')

      def _info(self):
        return tfds.core.DatasetInfo(
          builder=self,
          features=tfds.features.FeaturesDict(features),
          supervised_keys=keys,
        )

      def _split_generators(self, dl_manager):
        return {split: self._generate_examples(splits[split]) for split in splits}

      def _generate_examples(self, rows):
        yield from enumerate(rows)

    Table.name = 'own'
    Table(data_dir=tmp_path).download_and_prepare(file_format=sources.FORMAT)
    return str(tmp_path)

  return prepare


def test_building_reads_and_writes_nothing(tmp_path):
  data = load(str(tmp_path), batch_size=16)
  assert list(tmp_path.iterdir()) == []
  assert data.spec.source == 'iris/1.0.0'
  assert data.spec.classes == ('setosa', 'versicolor', 'virginica')
  assert data.spec.batch.x.shape == (16, 4)


@pytest.mark.parametrize('name', ['iris', 'wine', 'breast_cancer', 'diabetes'])
def test_batches_are_what_the_spec_declares(name, data_dir):
  data, key = load(data_dir, name), jax.random.key(0)
  described = lambda tree: jax.tree.map(lambda a: (a.shape, str(a.dtype)), tree)
  batch = jax.eval_shape(data.take, data.feed(key, 0), key, 0)
  assert described(batch) == described(data.spec.batch)
  assert str(data.spec.batch.y.dtype) == ('float32' if name == 'diabetes' else 'int32')
  for split in SPLITS:
    for batch in data.splits[split]():
      assert batch.x.shape[1:] == data.spec.batch.x.shape[1:]
      assert batch.y.dtype == data.spec.batch.y.dtype


def test_columns_have_the_training_splits_mean_and_deviation(data_dir, everything):
  from sklearn import datasets

  data = load(data_dir, 'diabetes')
  x, y = everything(data, 'train')
  assert (x.dtype, y.dtype) == (np.float32, np.float32)
  for values in (x, y):
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(values.std(axis=0), 1, atol=1e-6)
  # By the same rule for all splits: affine maps of scikit-learn's values.
  every = np.concatenate([everything(data, split)[0] for split in SPLITS])
  given = datasets.load_diabetes(scaled=False).data[:, [0, 2]]  # age and bmi
  scale = given.std(axis=0) / every[:, :2].std(axis=0)
  rows = (every[:, :2] - every[:, :2].min(axis=0)) * scale + given.min(axis=0)
  np.testing.assert_allclose(np.sort(rows, axis=0), np.sort(given, axis=0), rtol=1e-5)


def test_the_columns_that_are_asked_for_come_in_that_order(data_dir, everything):
  all_of, some = load(data_dir), load(data_dir, columns=('petal_width', 'petal_length'))
  x, y = everything(all_of, 'test')
  chosen, labels = everything(some, 'test')
  np.testing.assert_array_equal(chosen, x[:, [1, 0]])  # all of them come by name
  np.testing.assert_array_equal(labels, y)
  assert tabular.declared('iris', data_dir).names == (
    'petal_length',
    'petal_width',
    'sepal_length',
    'sepal_width',
  )


def test_the_baseline_is_the_most_frequent_class_or_the_best_constant(data_dir):
  assert load(data_dir).baseline() == pytest.approx({'accuracy': 1 / 3})
  train, test = np.array([0, 0, 0, 4.0]), np.array([0, 2.0])
  assert tabular.constant(measures.squared_error, train, test) == {'loss': 0.5}
  assert tabular.constant(measures.absolute_error, train, test) == {'loss': 1.0}


def test_a_second_reading_needs_no_record(data_dir, monkeypatch):
  found = load(data_dir, 'wine').digests()
  monkeypatch.setattr(sources, 'examples', lambda *_: pytest.fail('read'))
  assert load(data_dir, 'wine').digests() == found
  assert load(data_dir, 'wine', columns=('hue',)).digests() != found


def test_vectors_and_integers_are_columns_too(table, everything):
  features = {
    'age': tfds.features.Scalar(np.int64),
    'place': tfds.features.Tensor(shape=(2,), dtype=np.float32),
    'name': tfds.features.Text(),
    'ill': LABEL,
  }
  rows = [
    {'age': n, 'place': [0.5 * n, 7], 'name': 'x', 'ill': n % 2} for n in range(50)
  ]
  where = table(features, {'train': rows})
  columns = ('place', 'age')
  data = load(where, 'own', columns=columns)
  assert tabular.declared('own', where, columns).names == (
    'place[0]',
    'place[1]',
    'age',
  )
  sizes = [len(everything(data, split)[1]) for split in SPLITS]
  assert sizes == [35, 5, 10]
  assert [note[:8] for note in data.notes] == ['The test', 'The vali']
  x, _ = everything(data, 'train')
  np.testing.assert_allclose(x[:, 0], x[:, 2], atol=1e-6)
  assert set(x[:, 1]) == {0}  # constant


def test_a_number_is_told_where_the_supervised_keys_say_so(table, everything):
  features = {'a': NUMBER, 'b': NUMBER, 'kind': LABEL}
  rows = [{'a': n, 'b': 3 * n, 'kind': 0} for n in range(40)]
  where = table(features, {'train': rows}, keys=('a', 'b'))
  data = load(where, 'own', columns=('a',))
  x, y = everything(data, 'validation')
  np.testing.assert_allclose(x[:, 0], y, atol=1e-6)
  assert 'drawn by a fixed seed.' in data.notes[0]  # of no class
  assert data.spec.classes == ()


def test_an_unknown_column_is_refused_in_a_sentence(data_dir):
  with pytest.raises(UserError, match=r'column colour was .* petal_length, petal_w'):
    load(data_dir, columns=('colour',))


@pytest.mark.parametrize(
  ('features', 'words'),
  [
    (
      {'name': tfds.features.Text(), 'ill': LABEL},
      r'name \(.*with ill as the target; wanted',
    ),
    ({'a': NUMBER, 'b': NUMBER}, 'with nothing as the target; wanted'),
    ({'ill': LABEL}, 'wanted are numbers'),
    ({'a': LABEL, 'b': LABEL, 'c': NUMBER}, 'with nothing as the target; wanted'),
    (
      {'a': tfds.features.Tensor(shape=(None,), dtype=np.float32), 'ill': LABEL},
      'of a fixed size',
    ),
  ],
)
def test_a_set_that_is_no_table_is_refused_in_a_sentence(table, features, words):
  values = {'name': 'x', 'ill': 0, 'a': 0, 'b': 0, 'c': 0}
  values['a'] = [0.0] if getattr(features.get('a'), 'shape', ()) else 0
  row = {key: values[key] for key in features}
  where = table(features, {'train': [row] * 4})
  with pytest.raises(UserError, match=words):
    load(where, 'own')


@pytest.mark.parametrize(
  ('row', 'words'),
  [
    ({'a': np.nan, 'ill': 0}, 'values that are no numbers'),
    ({'a': 0.0, 'ill': -1}, 'labels outside its classes'),
  ],
)
def test_a_gap_in_a_table_is_refused_in_a_sentence(table, row, words):
  where = table({'a': NUMBER, 'ill': LABEL}, {'train': [row] * 20})
  with pytest.raises(UserError, match=words):
    load(where, 'own').digests()
