"""Builders of graphs: Planetoid's pickles, MUTAG's text, the digits' neighbours."""

import collections
import os
import pickle

import numpy as np
import pytest
import scipy.sparse

from dl_core.data import sources
from dl_core.data.builders import planetoid
from dl_core.data.builders.digits_graph import digits_graph_dataset_builder as digits
from dl_core.data.builders.mutag import mutag_dataset_builder as mutag
from dl_core.types import UserError

NAMES = {  # as they are now, and as they were when Planetoid's files were written
  b'cscipy.sparse._csr\n': b'cscipy.sparse.csr\n',
  b'cnumpy._core.multiarray\n': b'cnumpy.core.multiarray\n',
  b'cbuiltins\n': b'c__builtin__\n',
}


def pickled(path, value):
  """Pickles a value under the names of Planetoid's time."""
  content = pickle.dumps(value, protocol=3)
  for now, then in NAMES.items():
    content = content.replace(now, then)
  path.write_bytes(content)
  return path


@pytest.fixture
def paths(tmp_path, monkeypatch):
  """Files of a graph of six papers, of which 5 and 4 test, stored in this order."""
  monkeypatch.setattr(planetoid, 'TRAIN', 2)
  monkeypatch.setattr(planetoid, 'VALIDATION', 1)
  words = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 1], [1, 1, 1], [0, 1, 1], [1, 0, 0]])
  matrix = scipy.sparse.csr_matrix(words.astype(np.float32))
  labels = np.eye(2, dtype=np.int32)[[0, 1, 0, 1, 1, 0]]
  graph = collections.defaultdict(list)
  graph |= {0: [1, 1, 0], 1: [0], 3: [4], 4: [5], 5: []}
  parts = {
    'allx': matrix[:4], 'tx': matrix[4:], 'ally': labels[:4], 'ty': labels[4:],
    'graph': graph,
  }  # fmt: skip
  found = {
    f'ind.toy.{key}': pickled(tmp_path / f'ind.toy.{key}', value)
    for key, value in parts.items()
  }
  index = tmp_path / 'ind.toy.test.index'
  index.write_text('5\n4\n')
  return found | {index.name: index}


def test_a_graph_of_planetoid_is_put_in_the_order_of_its_numbers(paths):
  found = planetoid.read(paths, 'toy')
  assert [words.tolist() for words in found.words] == [
    [0, 2], [1], [2], [0, 1, 2], [0], [1, 2],
  ]  # fmt: skip
  assert found.labels.tolist() == [0, 1, 0, 1, 0, 1]
  assert [near.tolist() for near in found.cites] == [[1], [0], [], [4], [3, 5], [4]]
  assert {name: rows.tolist() for name, rows in found.splits.items()} == {
    'train': [0, 1],
    'validation': [2],
    'test': [4, 5],
    'rest': [3],
  }


def test_a_gap_between_the_test_papers_is_refused(paths):
  paths['ind.toy.test.index'].write_text('5\n7\n')
  with pytest.raises(UserError, match=r'test\.index has gaps'):
    planetoid.read(paths, 'toy')


class Evil:
  def __init__(self, call):
    self.call = call

  def __reduce__(self):
    return self.call


@pytest.mark.parametrize(
  ('call', 'name'),
  [
    ((os.system, ('touch {}',)), r'posix\.system'),
    ((eval, ('1 + 1',)), r'builtins\.eval'),
    ((np.load, ('{}',)), r'numpy\.load'),
    ((collections.OrderedDict, ()), r'collections\.OrderedDict'),
  ],
)
def test_a_pickle_that_names_anything_else_is_refused_and_nothing_is_called(
  tmp_path, call, name
):
  trace = tmp_path / 'trace'
  function, words = call
  words = tuple(word.format(trace) for word in words)
  path = tmp_path / 'ind.cora.x'
  path.write_bytes(pickle.dumps(Evil((function, words)), protocol=3))
  with pytest.raises(UserError, match=f'names {name}, but a file of Planetoid'):
    planetoid.unpickled(path)
  assert not trace.exists()


@pytest.mark.parametrize('content', [b'', b'nonsense', b'\x80\x03]q\x00'])
def test_a_damaged_pickle_is_refused(tmp_path, content):
  path = tmp_path / 'ind.cora.x'
  path.write_bytes(content)
  with pytest.raises(UserError, match=r'cannot be read .*original file'):
    planetoid.unpickled(path)


MOLECULES = '2\n3 0\n4 1 1\n6 2 0 2\n4 1 1\n1 2\n0 0\n'


def test_molecules_are_read_as_they_are_written(tmp_path):
  path = tmp_path / 'MUTAG.txt'
  path.write_text(MOLECULES)
  first, second = mutag.parsed(path)
  assert (first['tags'], first['label']) == ([4, 6, 4], 0)
  assert first['edges'].tolist() == [[0, 1], [1, 0], [1, 2], [2, 1]]
  assert (second['tags'], second['label']) == ([0], 1)
  assert second['edges'].shape == (0, 2)


@pytest.mark.parametrize(
  ('text', 'line'),
  [('2\n1 0\n4 0\n', 4), ('1\n2 0\n4 0\nx 0\n', 4), ('', 1)],
)
def test_a_line_of_another_form_is_named(tmp_path, text, line):
  path = tmp_path / 'MUTAG.txt'
  path.write_text(text)
  with pytest.raises(UserError, match=f'line {line} of .*MUTAG.txt is not as wanted'):
    list(mutag.parsed(path))


def test_rows_are_joined_to_the_nearest_both_ways():
  x = np.array([[0.0], [1.0], [3.0], [10.0]])
  found = digits.nearest(x, 1)
  assert found.astype(int).tolist() == [
    [0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0],
  ]  # fmt: skip


def test_most_neighbours_of_a_digit_are_the_same_digit(tmp_path):
  declaration = sources.declare('digits_graph', str(tmp_path))
  assert declaration.counts == digits.Builder.COUNTS
  label, joined, x = {}, {}, {}
  for split in declaration.counts:
    for node in sources.examples(declaration, split):
      number = int(node['number'])
      label[number], joined[number] = int(node['label']), node['neighbours']
      x[number] = node['features']
  assert sorted(label) == list(range(1_797))
  same = [label[n] == label[int(m)] for n, near in joined.items() for m in near]
  assert np.mean(same) > 0.95
  assert min(len(near) for near in joined.values()) >= digits.NEAREST
  assert min(each.min() for each in x.values()) >= 0
  assert max(each.max() for each in x.values()) == 1


@pytest.mark.parametrize(
  ('name', 'counts'),
  [
    ('cora', {'train': 140, 'validation': 500, 'test': 1_000, 'rest': 1_068}),
    ('mutag', {'train': 188}),
  ],
)
def test_the_published_files_have_the_published_sizes(
  test_data, tmp_path, name, counts
):
  manual = tmp_path / 'downloads' / 'manual'
  manual.mkdir(parents=True)
  (manual / name).symlink_to(test_data / name)
  found = sources.prepare(sources.declare(name, str(tmp_path)))
  assert found.counts == counts
  rows = [row for split in counts for row in sources.examples(found, split)]
  if name == 'cora':
    assert sum(len(row['neighbours']) for row in rows) == found.sizes['neighbours']
    assert sum(len(row['words']) for row in rows) == found.sizes['words'] == 49_216
    assert len(found.features['words'].parts[''].names) == 1_433
    sizes = np.bincount([row['label'] for row in rows])
    assert sizes.tolist() == [351, 217, 418, 818, 426, 298, 180]
  else:
    assert max(len(row['tags']) for row in rows) == found.sizes['nodes']
    assert np.bincount([row['label'] for row in rows]).tolist() == [63, 125]
    folds = np.array([row['fold'] for row in rows])
    outside = np.flatnonzero(folds < 0)
    assert outside.tolist() == [0, 13, 37, 114, 161, 163, 169, 187]
    assert np.bincount(folds[folds >= 0]).tolist() == [18] * 10
