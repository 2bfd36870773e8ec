"""Sets of many graphs: padded, one-hot, divided by folds; digits and shapes."""

import jax
import networkx
import numpy as np
import pytest
import tensorflow_datasets as tfds

from dl_core import config, graphs
from dl_core.data import generated, graph_sets, pixels, shapes
from dl_core.types import UserError

FOLDS = 10


@pytest.fixture
def toys(stocked, monkeypatch):
  """Prepares 21 paths of 2 to 5 nodes, the last in no fold; returns their data_dir."""
  features = tfds.features.FeaturesDict(
    {
      'tags': tfds.features.Sequence(tfds.features.ClassLabel(num_classes=3)),
      'edges': tfds.features.Tensor(shape=(None, 2), dtype=np.int32),
      'label': tfds.features.ClassLabel(names=['a', 'b']),
      'fold': tfds.features.Scalar(np.int32),
    }
  )

  def path(number):
    size = 2 + number % 4
    return {
      'tags': [(number + n) % 3 for n in range(size)],
      'edges': np.array([(n - 1, n) for n in range(1, size)], np.int32),
      'label': number % 2,
      'fold': number % FOLDS if number < 20 else -1,
    }

  data_dir = stocked('toys', features, {'train': list(map(path, range(21)))})
  declare = graph_sets.sources.declare
  monkeypatch.setattr(
    graph_sets.sources,
    'declare',
    lambda *words: declare(*words)._replace(sizes={'nodes': 6}),
  )
  return data_dir


def load(data_dir, name='toys', **kwargs):
  c = config.Config(dataset=name, data_dir=str(data_dir), batch_size=8)
  return graph_sets.load(c, **kwargs)


def test_a_graph_is_padded_and_its_tags_are_one_hot(toys, everything):
  batch = next(iter(load(toys, fold=3).splits['test']()))
  assert batch.weight.tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
  sizes = batch.x.mask[:2].sum(-1).tolist()
  assert sorted(sizes) == [3, 5]  # numbers 13 and 3
  row = sizes.index(5)
  x = jax.tree.map(lambda leaf: leaf[row], batch.x)
  assert x.mask.tolist() == [1, 1, 1, 1, 1, 0]
  assert x.nodes.argmax(-1)[:5].tolist() == [0, 1, 2, 0, 1]
  assert x.nodes.sum(-1).tolist() == [1, 1, 1, 1, 1, 0]
  np.testing.assert_array_equal(
    x.edges[:5, :5], networkx.to_numpy_array(networkx.path_graph(5))
  )
  assert not x.edges[5].any()


@pytest.mark.parametrize(
  ('protocol', 'validates', 'train'), [('validation', 9, 17), ('gin', 0, 19)]
)
def test_a_protocol_says_which_fold_validates(toys, protocol, validates, train):
  data = load(toys, fold=0, protocol=protocol)
  found = {}
  for name, batches in data.splits.items():
    found[name] = sum(int(batch.weight.sum()) for batch in batches())
  assert found == {'train': train, 'validation': 2, 'test': 2}
  first = next(iter(data.splits['validation']()))
  sizes = first.x.mask.sum(-1)[:2].tolist()  # TFDS shuffles what it writes
  assert sorted(sizes) == sorted([2 + validates % 4, 2 + (10 + validates) % 4])
  assert ('no test result' in data.notes[-1]) == (protocol == 'gin')
  assert f'fold 0, {protocol}' in data.spec.source


def test_a_set_without_graphs_is_refused_in_words(stock):
  folder = stock('pictures', {'train': [0]})
  with pytest.raises(
    UserError, match=r'=pictures was given, whose examples hold image .*wanted are tags'
  ):
    load(folder, 'pictures')


def test_a_computed_batch_is_as_declared(tmp_path):
  data = load(tmp_path, 'mutag')
  batch = generated.batch(data, jax.random.key(0))
  shape = lambda tree: jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)
  assert shape(batch) == shape(data.spec.batch)
  assert set(batch.y.tolist()) <= {0, 1}
  graph = networkx.from_numpy_array(batch.x.edges[0])
  assert networkx.is_tree(graph)


def test_digits_are_graphs_of_the_pixels_with_ink(digits_dir, load):
  images, _ = next(iter(load(digits_dir, size=8).splits['test']()))[:2]
  image = np.round(255 * images[:1, ..., 0]).astype(np.uint8)
  stored = pixels.packed(image)
  x = jax.tree.map(lambda leaf: leaf[0], pixels.prepared(stored))
  rows, columns = np.nonzero(image[0] >= pixels.INK)
  count = len(rows)
  assert x.mask.sum() == count
  np.testing.assert_allclose(x.nodes[:count, 0], image[0][rows, columns] / 255, 1e-6)
  np.testing.assert_allclose(x.nodes[:count, 1], rows / 3.5 - 1, atol=1e-6)
  np.testing.assert_allclose(x.nodes[:count, 2], columns / 3.5 - 1, atol=1e-6)
  assert not x.nodes[count:].any()
  for i in range(count):
    for j in range(count):
      far = max(abs(rows[i] - rows[j]), abs(columns[i] - columns[j]))
      assert x.edges[i, j] == (far == 1)


@pytest.mark.parametrize('torus', [False, True])
@pytest.mark.parametrize('corners', [False, True])
def test_a_grid_is_that_of_networkx(corners, torus):
  graph = networkx.grid_2d_graph(4, 5, periodic=torus)
  if corners:
    for row, column in list(graph):
      for other in ((row + 1, column + 1), (row + 1, column - 1)):
        place = (other[0] % 4, other[1] % 5) if torus else other
        if place in graph:
          graph.add_edge((row, column), place)
  wanted = networkx.to_numpy_array(graph, sorted(graph))
  np.testing.assert_array_equal(pixels.grid(4, 5, corners, torus), wanted)


def graph_of(x, number):
  size = int(x.mask[number].sum())
  return networkx.from_numpy_array(x.edges[number, :size, :size])


def test_shapes_are_what_they_are_called():
  rings, y = shapes.split('rings', 'test')
  for number in range(20):
    graph = graph_of(rings, number)
    parts = list(networkx.connected_components(graph))
    assert len(parts) == 1 + y[number]
    assert {degree for _, degree in graph.degree} == {2}
    assert len({len(part) for part in parts}) == 1
  stars, y = shapes.split('stars', 'test')
  for number in range(20):
    graph = graph_of(stars, number)
    assert networkx.is_tree(graph)
    assert (max(d for _, d in graph.degree) == len(graph) - 1) == bool(y[number])
  cycles, y = shapes.split('cycles', 'test')
  for number in range(20):
    graph = graph_of(cycles, number)
    assert networkx.is_isomorphic(graph, networkx.cycle_graph(len(graph)))
    assert (len(graph) > 10) == bool(y[number])


def test_splits_of_shapes_differ_and_are_the_same_every_time():
  train, test = (shapes.split('cycles', part)[0] for part in ('train', 'test'))
  again = shapes.split('cycles', 'train')[0]
  np.testing.assert_array_equal(train.edges, again.edges)
  assert not np.array_equal(train.edges[:200], test.edges)
  assert isinstance(train, graphs.Graphs)
