"""One's own graph: two tables, and sentences that name the line of an error."""

import numpy as np
import pytest

from dl_core import config, graphs
from dl_core.data import graphs as data
from dl_core.data import own_graph
from dl_core.types import UserError
from experiments import gcn

NODES = [
  ('node', 'label', 'split', 'age', 'height'),
  ('ada', 'cat', 'train', '1', '10'),
  ('bob', 'dog', 'train', '3', '20'),
  ('cy', 'dog', 'validation', '5', '30'),
  ('di', 'cat', 'test', '7', '20'),
  ('eve', '', '', '4', '20'),
]
EDGES = [('ada', 'bob'), ('bob', 'ada'), ('cy', 'di'), ('di', 'di'), ('eve', 'ada')]


@pytest.fixture
def folder(tmp_path):
  """Writes both tables; returns their folder."""

  def write(nodes=NODES, edges=EDGES):
    for name, rows in ((own_graph.NODES, nodes), (own_graph.EDGES, edges)):
      text = ''.join('\t'.join(row) + '\n\n' for row in rows)
      (tmp_path / name).write_text(text)
    return str(tmp_path)

  return write


def test_both_tables_are_one_graph(folder):
  found = own_graph.read(folder())
  assert found.classes == ('cat', 'dog')
  assert found.labels.tolist() == [[0, 1, 1, 0, 0]]
  assert {
    name: np.flatnonzero(mask).tolist() for name, mask in found.masks.items()
  } == {
    'train': [0, 1],
    'validation': [2],
    'test': [3],
  }
  edges = found.graph.edges[0]
  joined = {tuple(map(int, pair)) for pair in np.argwhere(np.triu(edges))}
  assert joined == {(0, 1), (0, 4), (2, 3)}
  np.testing.assert_allclose(found.graph.nodes[0].mean(0), 0, atol=1e-6)
  np.testing.assert_allclose(found.graph.nodes[0].std(0), 1, atol=1e-6)
  assert found.notes == (
    '1 edges of a node to itself are passed over.',
    '1 edges named before are passed over.',
  )


def test_the_source_changes_with_the_content(folder):
  first = own_graph.read(folder()).source
  assert first == own_graph.read(folder()).source
  assert first != own_graph.read(folder(edges=EDGES[:-1])).source


def test_without_features_nodes_are_told_apart_by_their_number(folder):
  found = own_graph.read(folder([row[:3] for row in NODES]))
  np.testing.assert_array_equal(found.graph.nodes[0], np.eye(5))


def test_without_a_column_of_splits_they_are_carved(folder):
  nodes = [('node', 'label'), *((f'n{n}', 'ab'[n % 2]) for n in range(40))]
  found = own_graph.read(folder(nodes, [('n1', 'n2')]))
  counts = {name: int(mask.sum()) for name, mask in found.masks.items()}
  assert counts == {'train': 28, 'validation': 4, 'test': 8}
  assert sum(found.masks.values()).max() == 1
  assert 'drawn by a fixed seed' in found.notes[0]


def test_a_large_graph_has_sparse_matrices_with_the_same_entries(folder, monkeypatch):
  dense = data.load(config.Config(dataset='edges', data_dir=folder(), batch_size=1))
  monkeypatch.setattr(own_graph, 'DENSE', 3)
  sparse = data.load(config.Config(dataset='edges', data_dir=folder(), batch_size=1))
  (one,), (other,) = (list(each.splits['test']()) for each in (dense, sparse))
  assert isinstance(other.x.edges, graphs.Entries)
  np.testing.assert_allclose(graphs.dense(other.x.edges, 5, 5), one.x.edges)
  np.testing.assert_allclose(graphs.dense(other.x.nodes, 5, 2), one.x.nodes)
  declared = sparse.spec.batch.x
  assert declared.edges.row.shape == other.x.edges.row.shape
  assert declared.nodes.row.shape == other.x.nodes.row.shape


def changed(row, column, value):
  rows = [list(each) for each in NODES]
  rows[row][column] = value
  return rows


@pytest.mark.parametrize(
  ('nodes', 'edges', 'words'),
  [
    (NODES[1:], EDGES, r'nodes.tsv begins with ada, .*a header with node, label'),
    ([('node', 'label', 'node')], EDGES, r'begins with node, label, node; .*once'),
    ([], EDGES, 'begins with nothing'),
    ([*NODES, ('fay', 'cat')], EDGES, r'line 13 of .*nodes.tsv has 2 cells; 5 are'),
    (changed(2, 0, 'ada'), EDGES, r"line 5 of .* node 'ada', which is empty or was"),
    (changed(2, 0, ''), EDGES, r"line 5 of .* the node '', which is empty"),
    (changed(3, 2, 'dev'), EDGES, r"line 7 of .* the split 'dev'; give one of train"),
    (changed(3, 1, ''), EDGES, r'line 7 of .*the split validation and no label'),
    (changed(1, 3, 'old'), EDGES, r"line 3 of .*has 'old' as age; give a finite"),
    (changed(1, 3, 'nan'), EDGES, r"line 3 of .*has 'nan' as age"),
    (changed(4, 2, ''), EDGES, r'nodes.tsv has no node of the split test'),
    (
      [('node', 'label'), ('ada', 'cat'), ('bob', 'cat')],
      [],
      r'has the labels cat and no other; two or more',
    ),
    (NODES, [('ada', 'bob'), ('ada', 'zoe')], r"line 3 of .*edges.tsv .*'zoe', which"),
    (NODES, [('ada', 'bob', '1.0')], r'line 1 of .*edges.tsv has 3 cells; two nodes'),
    (NODES, [('ada bob',)], r'line 1 of .*edges.tsv has 1 cells; two nodes'),
  ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_line(folder, nodes, edges, words):
  with pytest.raises(UserError, match=words):
    own_graph.read(folder(nodes, edges))


@pytest.mark.parametrize('place', ['', 'nowhere'])
def test_a_place_that_is_no_folder_is_refused(tmp_path, place):
  path = str(tmp_path / place) if place else ''
  with pytest.raises(UserError, match=r'no folder; give --data_dir=DIR with nodes.tsv'):
    own_graph.read(path)


def test_a_missing_table_is_named(folder, tmp_path):
  folder()
  (tmp_path / own_graph.EDGES).unlink()
  with pytest.raises(UserError, match=r'edges.tsv cannot be read \(No such file'):
    own_graph.read(str(tmp_path))


def test_an_experiment_is_built_on_it(folder):
  e = gcn.build(gcn.Config(dataset='edges', data_dir=folder(), labels=0))
  assert e.data.spec.classes == ('cat', 'dog')
  assert e.data.spec.batch.x.nodes.shape == (1, 5, 2)
