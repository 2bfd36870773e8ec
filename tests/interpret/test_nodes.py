"""The picture of a graph says what is classified wrong."""

import numpy as np

from dl_core import graphs
from dl_core.interpret import nodes
from dl_core.report import svg

PATH = graphs.undirected([(0, 1), (1, 2), (2, 3)], 4) > 0


def test_only_test_nodes_are_counted_and_the_wrong_ones_are_named():
  tested = np.array([False, True, True, False])
  found = nodes.picture(
    PATH, np.array([1, 0, 1, 0]), np.zeros(4, int), ~tested, tested, ('a', 'b')
  )
  assert found.caption.startswith(
    '1 of 2 test nodes are classified right; wrong are 2,'
  )
  assert 'the 2 nodes whose labels' in found.caption
  assert svg.attempt(found).failure == ''


def test_nodes_lie_where_their_edges_draw_them_and_always_at_the_same_places():
  places = nodes.layout(PATH)
  np.testing.assert_array_equal(places, nodes.layout(PATH))
  apart = lambda i, j: np.linalg.norm(places[i] - places[j])
  assert apart(0, 1) < apart(0, 2) < apart(0, 3)
