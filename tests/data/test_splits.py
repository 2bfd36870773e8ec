import numpy as np
import pytest

from dl_core.data import fruits, splits


@pytest.fixture
def labels():
  return np.repeat([0, 1, 2], [50, 30, 20])[np.random.RandomState(1).permutation(100)]


def test_examples_of_a_split_come_without_padding():
  data = fruits.data('fruits', fruits.COLUMNS, 0, 8)
  x, y = splits.examples(data, 'validation')
  assert [len(b.y) for b in data.splits['validation']()] == [
    256
  ] * 4  # some at weight 0
  assert (x.shape, y.shape) == ((1_000, 3), (1_000,))
  wanted = fruits.draw(np.random.default_rng(1), fruits.SETS['fruits'], 1_000)
  np.testing.assert_array_equal(x, wanted[0])
  np.testing.assert_array_equal(y, wanted[1])


def test_each_class_is_chosen_in_proportion(labels):
  chosen = splits.carve(labels, 10)
  assert list(np.bincount(labels[chosen])) == [5, 3, 2]


@pytest.mark.parametrize('count', [1, 7, 33, 96, 97])
def test_as_many_are_chosen_as_asked_for_and_no_class_is_used_up(labels, count):
  chosen = splits.carve(labels, count)
  assert chosen.sum() == count
  assert set(labels[~chosen]) == {0, 1, 2}


def test_more_than_leaves_one_of_each_class_is_refused(labels):
  with pytest.raises(ValueError, match=r'count=98 is more than'):
    splits.carve(labels, 98)


def test_the_seed_decides(labels):
  one, same, other = (splits.carve(labels, 20, seed) for seed in (0, 0, 1))
  assert (one == same).all()
  assert (one != other).any()


def test_the_choice_is_the_same_on_every_machine():
  chosen = np.flatnonzero(splits.carve(np.arange(20) % 2, 6))
  # If this moves, so does every carved split: then raise the builders' versions too.
  assert list(chosen) == [3, 4, 7, 8, 11, 16]


@pytest.mark.parametrize(
  ('source', 'given'),
  [('imagenet2012/5.1.0', {'test': 'validation'}), ('toys/5.1.0', None)],
)
def test_a_test_split_without_labels_is_left_out(source, given):
  declared = {'train': 100, 'validation': 50, 'test': 100}
  found = splits.parts(source, declared)
  whole = {name: name for name in declared}
  assert dict(found.given) == (given or whole)
  assert found.lacking == (('validation',) if given else ())


@pytest.mark.parametrize('lacking', [(), ('validation',)])
def test_few_of_each_class_are_kept_of_what_is_left_for_training(lacking):
  declared = {'train': 60, 'test': 30, 'validation': 30}
  declared = {name: n for name, n in declared.items() if name not in lacking}
  labels = np.arange(60) % 3

  def kept(draw):
    found = splits.parts('toys/1', declared, few=splits.Few(4, draw))
    assert 'train' not in found.given
    return splits.carved('toys/1', found, labels)

  first, other = kept(0), kept(1)
  assert np.bincount(labels[first['train']]).tolist() == [4, 4, 4]
  assert first['train'].tolist() != other['train'].tolist()
  for name in lacking:  # the draw moves nothing else
    assert first[name].tolist() == other[name].tolist()
    assert not set(first[name]) & set(first['train'])
