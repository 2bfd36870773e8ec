"""One graph is the whole set: its splits weigh nodes, and every step sees all of it."""

import jax
import networkx
import numpy as np
import pytest
import tensorflow_datasets as tfds

from dl_core import config
from dl_core.data import graphs
from dl_core.types import UserError

SPLITS = {'train': 2, 'validation': 8, 'test': 24}


@pytest.fixture(scope='module')
def data_dir(tmp_path_factory):
  return str(tmp_path_factory.mktemp('sets'))


def karate(data_dir, batch_size=1, dataset='karate'):
  return graphs.load(
    config.Config(dataset=dataset, data_dir=data_dir, batch_size=batch_size)
  )


def test_it_is_declared_before_it_is_prepared(tmp_path):
  data = karate(str(tmp_path))
  assert list(tmp_path.iterdir()) == []
  assert data.spec.source == 'karate/1.0.0'
  assert data.spec.classes == ('Mr. Hi', 'Officer')
  assert data.spec.batch.x.edges.shape == (1, 34, 34)


def test_every_step_sees_the_whole_graph_as_declared(data_dir):
  data = karate(data_dir)
  arrays = data.feed(jax.random.key(0), 0)
  assert arrays is data.feed(jax.random.key(1), 5)
  batch = data.take(arrays, jax.random.key(0), 3)
  shapes = lambda tree: jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)
  assert shapes(batch) == shapes(data.spec.batch)
  assert np.flatnonzero(batch.weight[0]).tolist() == [0, 33]
  assert batch.y[0, [0, 33]].tolist() == [0, 1]
  (first,) = data.splits['train']()
  np.testing.assert_array_equal(first.weight, batch.weight)


def test_the_splits_divide_the_nodes(data_dir):
  data, masks = karate(data_dir), []
  for split, count in SPLITS.items():
    (batch,) = data.splits[split]()
    masks.append(batch.weight[0])
    labels = batch.y[batch.weight > 0]
    assert np.bincount(labels).tolist() == [count // 2, count // 2]
  np.testing.assert_array_equal(np.sum(masks, 0), np.ones(34))
  assert data.baseline() == {'accuracy': 0.5}


def test_it_is_the_club_of_networkx(data_dir):
  data, club = karate(data_dir), networkx.karate_club_graph()
  (batch,) = data.splits['test']()
  off = batch.x.edges[0] * (1 - np.eye(34)) > 0
  np.testing.assert_array_equal(off, networkx.to_numpy_array(club, weight=None) > 0)
  names = [data.spec.classes[number] for number in batch.y[0]]
  assert names == [club.nodes[node]['club'] for node in range(34)]
  degree = np.array([club.degree[node] for node in range(34)])
  np.testing.assert_allclose(np.diag(batch.x.edges[0]), 1 / (degree + 1), rtol=1e-6)


def test_a_set_that_is_no_graph_is_refused_in_words(data_dir, stock):
  images = stock('toys', {'train': [0]})
  with pytest.raises(
    UserError, match=r'=toys was given, whose examples hold image .*neighbours.*give'
  ):
    karate(images, dataset='toys')


def test_more_than_one_graph_a_step_is_refused_in_words(data_dir):
  with pytest.raises(
    UserError, match=r'=8 was given, .*one graph; take --batch_size=1'
  ):
    karate(data_dir, batch_size=8)


def test_nodes_of_other_splits_belong_to_the_graph_and_count_nowhere(stocked):
  features = tfds.features.FeaturesDict(
    {
      'number': tfds.features.Scalar(np.int32),
      'neighbours': tfds.features.Tensor(shape=(None,), dtype=np.int32),
      'label': tfds.features.ClassLabel(names=['a', 'b']),
    }
  )
  node = lambda number, *neighbours: {
    'number': number,
    'neighbours': np.array(neighbours, np.int32),
    'label': number % 2,
  }
  nodes = {
    'train': [node(2, 0)],
    'validation': [node(1)],
    'test': [node(0)],
    'rest': [node(3, 1, 2)],
  }
  data = karate(stocked('cites', features, nodes), dataset='cites')
  found = {name: next(iter(batches())) for name, batches in data.splits.items()}
  assert {
    name: np.flatnonzero(batch.weight).tolist() for name, batch in found.items()
  } == {
    'train': [2],
    'validation': [1],
    'test': [0],
  }
  edges = found['test'].x.edges[0] > 0
  joined = {tuple(map(int, pair)) for pair in np.argwhere(np.triu(edges, 1))}
  assert joined == {(0, 2), (1, 3), (2, 3)}
  assert found['test'].x.mask.tolist() == [[1] * 4]
