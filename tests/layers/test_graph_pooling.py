"""Pooling leaves the right number of nodes, and readouts count real nodes alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import graph, graph_pooling

X = np.arange(24, dtype=np.float32).reshape(2, 4, 3) - 10
MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0]], np.float32)
EDGES = np.array(
  [
    [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]],
    [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
  ],
  np.float32,
)


def test_readouts_count_the_nodes_that_are_there():
  found = {name: np.asarray(f(X, MASK)) for name, f in graph_pooling.READOUTS.items()}
  np.testing.assert_allclose(found['mean'][1], X[1, :2].mean(0))
  np.testing.assert_allclose(found['sum'][1], X[1, :2].sum(0))
  np.testing.assert_allclose(found['max'][1], X[1, :2].max(0))
  negative = graph_pooling.most(-np.abs(X) - 1, MASK)
  assert (np.asarray(negative) < 0).all()  # padding is not the maximum
  nothing = graph_pooling.READOUTS['mean'](X, 0 * MASK)
  assert not np.asarray(nothing).any()
  assert not np.asarray(graph_pooling.most(X, 0 * MASK)).any()


def test_equal_last_features_are_ordered_by_the_others():
  x = np.array([[[1, 0], [3, 0], [2, 5], [0, 0]]], np.float32)
  found = graph_pooling.in_order(x, np.array([[1, 1, 1, 0]], np.float32), 4)
  assert found[0].tolist() == [[2, 5], [3, 0], [1, 0], [0, 0]]


@pytest.mark.parametrize(
  ('ratio', 'counts'), [(0.5, [2, 1]), (0.6, [3, 2]), (1.0, [4, 2]), (0.1, [1, 1])]
)
def test_a_share_of_each_graph_is_left_rounded_up(ratio, counts):
  score = np.array([[0.1, 0.4, 0.3, 0.2], [0.1, 0.2, 9, 9]], np.float32)
  found = graph_pooling.chosen(X, EDGES, MASK, jnp.asarray(score), ratio)
  assert np.asarray(found.mask).sum(1).tolist() == counts
  best = X[0, 1] * np.tanh(0.4)
  np.testing.assert_allclose(found.x[0, 0], best, rtol=1e-6)
  np.testing.assert_allclose(found.x[1, 0], X[1, 1] * np.tanh(0.2), rtol=1e-6)
  assert not np.asarray(found.x)[np.asarray(found.mask) == 0].any()
  if counts[0] >= 2:  # of the path, the second and the third node are left, joined
    assert found.edges[0, 0, 1] == found.edges[0, 1, 0] == 1


def test_edges_of_soft_clusters_are_sums_of_edges_between_them():
  hard = 50 * np.array([[[1, 0], [1, 0], [0, 1], [0, 1]]] * 2, np.float32)
  found = graph_pooling.soft(X, EDGES, MASK, jnp.asarray(hard))
  np.testing.assert_allclose(found.edges[0], [[2, 1], [1, 2]], atol=1e-5)
  both = [X[0, :2].sum(0), X[0, 2:].sum(0)], [X[1, :2].sum(0), np.zeros(3)]
  np.testing.assert_allclose(found.x, both, rtol=1e-5, atol=1e-5)
  assert found.loops


def test_a_perfect_assignment_has_no_cost_and_a_finite_gradient():
  """Two cliques with loops are S Sᵀ of the right S."""
  edges = jnp.asarray(np.kron(np.eye(2), np.ones((2, 2)))[None])
  hard = 50 * jnp.asarray([[[1.0, 0], [1, 0], [0, 1], [0, 1]]])
  link, entropy, _ = graph_pooling.costs(edges, jnp.ones((1, 4)), hard)
  assert float(link[0]) == pytest.approx(0, abs=1e-5)
  assert float(entropy[0]) == pytest.approx(0, abs=1e-5)
  total = lambda logits: graph_pooling.costs(edges, jnp.ones((1, 4)), logits)[0].sum()
  assert np.isfinite(jax.grad(total)(hard)).all()


def test_rows_of_a_propagation_sum_as_they_should():
  mask = jnp.asarray(MASK)
  each = {
    kind: np.asarray(graph.propagation(jnp.asarray(EDGES), mask, kind))
    for kind in ('sum', 'mean', 'walk', 'kipf')
  }
  np.testing.assert_array_equal(each['sum'], EDGES)
  for kind in ('mean', 'walk'):
    np.testing.assert_allclose(each[kind].sum(-1), MASK, atol=1e-6)
  np.testing.assert_allclose(each['kipf'], each['kipf'].swapaxes(1, 2), atol=1e-6)
  bare = graph.propagation(jnp.asarray(EDGES), mask, 'walk', loops=False)
  np.testing.assert_allclose(bare, each['mean'], atol=1e-6)
  for one in each.values():
    assert not one[1, 2:].any()
    assert not one[1, :, 2:].any()
