"""Dense and sparse matrices of graphs agree, however nodes are ordered or padded."""

import jax
import networkx
import numpy as np
import pytest

from dl_core import graphs

N = 7  # nodes, of which the second graph has 5


@pytest.fixture
def some():
  """Two graphs of 7 and 5 nodes; edges have weights, and not the same both ways."""
  random = np.random.default_rng(0)
  edges = random.uniform(0.5, 2, (2, N, N)) * (random.random((2, N, N)) < 0.4)
  nodes = random.normal(size=(2, N, 3)) * (random.random((2, N, 3)) < 0.6)
  mask = np.array([[1] * 7, [1] * 5 + [0] * 2])
  edges *= mask[:, :, None] * mask[:, None, :] * (1 - np.eye(N))
  nodes *= mask[:, :, None]
  return graphs.Graphs(*map(np.float32, (nodes, edges, mask)))


def sparse(some):
  return some._replace(
    nodes=graphs.entries(some.nodes), edges=graphs.entries(some.edges)
  )


def alike(found, wanted, atol=1e-6):
  """Compares graphs of any form."""
  columns = (wanted.nodes.shape[-1], N)
  for one, other, width in zip(found[:2], wanted[:2], columns, strict=True):
    np.testing.assert_allclose(graphs.dense(one, N, width), other, atol=atol)
  np.testing.assert_array_equal(found.mask, wanted.mask)


def is_packed(entries):
  """Whether rows are in order, and padding is last, in the last row and 0."""
  row, value = np.asarray(entries.row), np.asarray(entries.value)
  assert (np.diff(row) >= 0).all()
  for rows, values in zip(row, value, strict=True):
    real = np.flatnonzero(values)
    assert (values[: len(real)] != 0).all()
    assert (rows[len(real) :] == N - 1).all()


def test_entries_are_the_matrix(some):
  found = graphs.entries(some.edges)
  assert found.row.dtype == found.column.dtype == np.int32
  assert found.value.dtype == np.float32
  assert found.row.shape == (2, max(np.count_nonzero(some.edges, (1, 2))))
  is_packed(found)
  np.testing.assert_array_equal(graphs.dense(found, N, N), some.edges)


@pytest.mark.parametrize('shared', [False, True])
def test_a_product_with_entries_is_the_product_with_the_matrix(some, shared):
  right = np.random.default_rng(1).normal(size=(2, N, 4)).astype(np.float32)
  right = right[0] if shared else right
  multiply = jax.jit(graphs.product, static_argnums=2)
  for matrix in (some.edges, graphs.entries(some.edges)):
    found = multiply(matrix, right, N)
    np.testing.assert_allclose(found, some.edges @ right, rtol=1e-5, atol=1e-5)


def test_a_gradient_through_entries_is_that_through_the_matrix(some):
  right = np.random.default_rng(1).normal(size=(2, N, 4)).astype(np.float32)

  def loss(right, matrix):
    return (graphs.product(matrix, right, N) ** 2).sum()

  one, other = (
    jax.grad(loss)(right, matrix) for matrix in (some.edges, graphs.entries(some.edges))
  )
  np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_normalised_edges_are_those_of_the_paper(some):
  found = graphs.normalised(some).edges
  assert found.dtype == np.float32
  for edges, mask, wanted in zip(found, some.mask, some.edges, strict=True):
    a = wanted.astype(np.float64) + np.diag(mask)
    root = np.diag([1 / np.sqrt(d) if d else 0 for d in a.sum(1)])
    np.testing.assert_allclose(edges, root @ a @ root, atol=1e-7)
    assert not edges[mask == 0].any()
    assert not edges[:, mask == 0].any()


def test_normalised_edges_are_the_complement_of_the_laplacian_of_networkx():
  graph = networkx.karate_club_graph()
  a = graphs.undirected(list(graph.edges), len(graph))
  assert a.sum() == 2 * 78
  looped = networkx.from_numpy_array(a + np.eye(len(a)))
  laplacian = networkx.normalized_laplacian_matrix(looped).toarray()
  given = graphs.Graphs(np.eye(34)[None], a[None], np.ones((1, 34)))
  found = graphs.normalised(given).edges[0]
  np.testing.assert_allclose(found, np.eye(34) - laplacian, atol=1e-6)
  values = np.linalg.eigvalsh(found.astype(np.float64))
  assert values.min() > -1
  assert values.max() == pytest.approx(1, abs=1e-6)


def test_a_node_without_edges_keeps_what_it_has():
  alone = graphs.Graphs(np.ones((1, 2, 1)), np.zeros((1, 2, 2)), np.ones((1, 2)))
  np.testing.assert_array_equal(graphs.normalised(alone).edges[0], np.eye(2))


def test_entries_are_normalised_as_the_matrix_is(some):
  found = graphs.normalised(sparse(some))
  is_packed(found.edges)
  alike(found, graphs.normalised(some))


def test_degrees_are_sums_of_rows(some):
  for form in (some, sparse(some)):
    np.testing.assert_allclose(graphs.degrees(form), some.edges.sum(-1), rtol=1e-6)


def test_a_permuted_graph_has_its_nodes_in_another_order(some):
  order = np.random.default_rng(2).permutation(N)
  wanted = graphs.permuted(some, order)
  for i in range(N):
    np.testing.assert_array_equal(wanted.nodes[:, i], some.nodes[:, order[i]])
    np.testing.assert_array_equal(wanted.mask[:, i], some.mask[:, order[i]])
    for j in range(N):
      given = some.edges[:, order[i], order[j]]
      np.testing.assert_array_equal(wanted.edges[:, i, j], given)
  found = graphs.permuted(sparse(some), order)
  is_packed(found.nodes)
  is_packed(found.edges)
  alike(found, wanted, atol=0)
  alike(graphs.permuted(wanted, np.argsort(order)), some, atol=0)


def test_an_edge_goes_both_ways_and_never_to_its_own_node():
  found = graphs.undirected([(0, 1), (1, 0), (2, 2), (3, 1)], 4)
  assert found.tolist() == [[0, 1, 0, 0], [1, 0, 0, 1], [0] * 4, [0, 1, 0, 0]]
  assert graphs.undirected([], 2).tolist() == [[0, 0], [0, 0]]
