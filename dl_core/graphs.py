"""Batches of graphs, padded to one number of nodes, their matrices dense or sparse.

Dense matrices suit many small graphs: a batch is one batched matrix product. Entries
suit one large graph: Cora has 13,264 of them, self-loops included, in place of 7.3
million. Both give the same results, and what pads a graph changes none.

Shapes: B graphs, N nodes, F features of a node, M columns of a matrix, E entries of it.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Array


class Entries(NamedTuple):
  """B matrices as lists of their entries, sorted by row.

  Padding has the value 0 and stands last, in the last row: `product` relies on sorted
  rows, and sums of unsorted rows would be wrong without an error.

  Attributes:
    row, column: int32 [B, E].
    value: float32 [B, E].
  """

  row: Any
  column: Any
  value: Any


class Graphs(NamedTuple):
  """B graphs of up to N nodes.

  Attributes:
    nodes: features [B, N, F], or the `Entries` of such matrices (bags of words).
    edges: what node i receives from node j at [i, j]: dense [B, N, N], or `Entries`.
    mask: float32 [B, N], 1 where there is a node and 0 where there is padding.
  """

  nodes: Any
  edges: Any
  mask: Any


def product(matrix: Any, right: Array, rows: int) -> Array:
  """Multiplies matrices, dense or sparse, by dense ones.

  Args:
    matrix: [B, N, M], or the `Entries` of such matrices.
    right: [B, M, F], or [M, F] for all B.
    rows: N, which no shape of `Entries` says; `mask.shape[1]` of `Graphs` does.

  Returns:
    [B, N, F].
  """
  if not isinstance(matrix, Entries):
    return jnp.einsum(
      'bnm,bmf->bnf' if right.ndim == 3 else 'bnm,mf->bnf', matrix, right
    )

  def one(entries, right):
    terms = entries.value[:, None] * jnp.asarray(right)[entries.column]  # [E, F]
    return jax.ops.segment_sum(terms, entries.row, rows, indices_are_sorted=True)

  return jax.vmap(one, (0, 0 if right.ndim == 3 else None))(matrix, right)


def normalised(graphs: Graphs) -> Graphs:
  """Returns graphs with the edges Â = D̃^-½ (A + I) D̃^-½, D̃ the degrees of A + I.

  Kipf & Welling 2017, https://arxiv.org/abs/1609.02907, equation 2. Computed once, on
  the host and in float64. Rows and columns of padding stay 0.

  Args:
    graphs: host arrays; A has no self-loops.
  """
  real = np.asarray(graphs.mask, np.float64)
  loops = looped(graphs.edges, real)
  scale = 1 / np.sqrt(np.maximum(_sums(loops, real.shape[1]), 1))  # [B, N]
  if not isinstance(loops, Entries):
    return graphs._replace(
      edges=np.float32(scale[:, :, None] * loops * scale[:, None, :])
    )
  at = lambda index: np.take_along_axis(scale, index, axis=1)
  value = at(loops.row) * loops.value * at(loops.column)
  return graphs._replace(edges=loops._replace(value=np.float32(value)))


def looped(edges: Any, real: np.ndarray) -> Any:
  """Returns A + I in float64, with loops [i, i] of real nodes alone.

  Args:
    edges: A, host arrays [B, N, N] or `Entries`.
    real: [B, N], 1 where there is a node.
  """
  if not isinstance(edges, Entries):
    return (
      np.asarray(edges, np.float64) + real[:, :, None] * np.eye(real.shape[1])[None]
    )
  found = []
  for (row, column, value), nodes in zip(_each(edges), real, strict=True):
    (own,) = np.nonzero(nodes)
    parts = ((row, own), (column, own), (value, nodes[own]))
    found.append([np.concatenate(part) for part in parts])
  return _packed(found, real.shape[1])


def degrees(graphs: Graphs) -> np.ndarray:
  """Returns the sums of the rows of the edges, float64 [B, N], on the host."""
  return _sums(graphs.edges, graphs.mask.shape[1])


def permuted(graphs: Graphs, order: np.ndarray) -> Graphs:
  """Returns graphs whose node i is node order[i] of the given ones, on the host.

  Args:
    graphs: host arrays.
    order: a permutation of N nodes, [N], the same for every graph.
  """
  place = np.argsort(order)  # of each node among the permuted ones

  def moved(matrix, columns):
    if not isinstance(matrix, Entries):
      matrix = np.asarray(matrix)[:, order]
      return matrix[:, :, order] if columns else matrix
    found = [
      (place[row], place[column] if columns else column, value)
      for row, column, value in _each(matrix)
    ]
    packed = _packed(found, len(order))
    return packed._replace(value=packed.value.astype(matrix.value.dtype))

  return Graphs(
    nodes=moved(graphs.nodes, columns=False),
    edges=moved(graphs.edges, columns=True),
    mask=np.asarray(graphs.mask)[:, order],
  )


def entries(matrix: np.ndarray) -> Entries:
  """Returns the entries of dense matrices [B, N, M] that are not 0."""
  matrix = np.asarray(matrix)
  found = [(*np.nonzero(each), each[np.nonzero(each)]) for each in matrix]
  packed = _packed(found, matrix.shape[1])
  return packed._replace(value=np.float32(packed.value))


def dense(matrix: Any, rows: int, columns: int) -> np.ndarray:
  """Returns matrices [B, rows, columns] of `Entries`; dense ones as they are."""
  if not isinstance(matrix, Entries):
    return np.asarray(matrix)
  found = np.zeros((len(matrix.row), rows, columns), np.float32)
  graph = np.arange(len(found))[:, None]
  np.add.at(found, (graph, matrix.row, matrix.column), matrix.value)
  return found


def listed(row: Any, column: Any, value: Any, rows: int) -> Entries:
  """Returns the `Entries` of one matrix from its entries [E] in any order."""
  packed = _packed([tuple(map(np.asarray, (row, column, value)))], rows)
  return packed._replace(value=np.float32(packed.value))


def both_ways(pairs: Any, nodes: int) -> Entries:
  """Returns the `Entries` of what `undirected` returns, B = 1."""
  first, second = np.asarray(pairs, int).reshape(-1, 2).T
  places = np.concatenate([first * nodes + second, second * nodes + first])
  row, column = np.divmod(np.unique(places), nodes)
  other = row != column
  return listed(row[other], column[other], np.ones(other.sum()), nodes)


def undirected(pairs: Any, nodes: int) -> np.ndarray:
  """Returns the matrix [N, N] of 0 and 1 of edges that go both ways.

  Args:
    pairs: the numbers of the two nodes of each edge, [edges, 2]; an edge may be named
      once or more often, and a node's edge to itself is dropped.
    nodes: N.
  """
  found = np.zeros((nodes, nodes), np.float32)
  first, second = np.asarray(pairs, int).reshape(-1, 2).T
  found[first, second] = found[second, first] = 1
  np.fill_diagonal(found, 0)
  return found


def _sums(matrix: Any, rows: int) -> np.ndarray:
  """Returns the sums of the rows [B, N] of matrices, in float64."""
  if not isinstance(matrix, Entries):
    return np.asarray(matrix, np.float64).sum(-1)
  triples = _each(matrix)
  return np.stack([np.bincount(row, value, rows) for row, _, value in triples])


def _each(matrix: Entries) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
  """Returns (row, column, value) of each matrix, without padding."""
  graphs = zip(*map(np.asarray, matrix), strict=True)
  return [tuple(part[value != 0] for part in (r, c, value)) for r, c, value in graphs]


def _packed(found: Any, rows: int) -> Entries:
  """Sorts the (row, column, value) of each matrix by row and pads them to one length.

  Values are float64.
  """
  most = max(1, *(len(row) for row, _, _ in found))
  blank = (len(found), most)
  packed = Entries(
    np.full(blank, rows - 1, np.int32), np.zeros(blank, np.int32), np.zeros(blank)
  )
  for number, (row, column, value) in enumerate(found):
    order = np.lexsort((column, row))
    for part, values in zip(packed, (row, column, value), strict=True):
      part[number, : len(order)] = values[order]
  return packed
