"""Five nodes, computed by hand: the adjacency matrix, its loops, Â, one convolution.

The lecture draws five nodes; these five have edges of our own. In the notes A has its
loops already, on the diagonal, and the degrees in D^-½ A D^-½ count them; here A has
none and `graphs.normalised` adds them once.

Shapes: N = 5 nodes.
"""

from fractions import Fraction
from typing import Any

import jax.numpy as jnp
import numpy as np

from dl_core import graphs
from dl_core.report import claims, draw
from dl_core.types import Claim, Picture

PAIRS = ((0, 1), (0, 2), (1, 2), (2, 3), (3, 4))
PLACES = np.array([[0, 1], [0, -1], [1, 0], [2, 0], [3, 0]])  # [N, 2]
FEATURES = np.array([1.0, 2.0, 0.0, -1.0, 3.0])
N = len(FEATURES)
CLOSE = 1e-6


def squared_weights(loops: int = 1) -> list[list[Fraction]]:
  """Returns the squares of the entries of Â, a_ij² / (d_i d_j), as fractions.

  Args:
    loops: how often each node's loop is added.
  """
  near = [[0] * N for _ in range(N)]
  for first, second in PAIRS:
    near[first][second] = near[second][first] = 1
  for node in range(N):
    near[node][node] += loops
  degree = [sum(row) for row in near]
  return [
    [Fraction(near[i][j] ** 2, degree[i] * degree[j]) for j in range(N)]
    for i in range(N)
  ]


def roots(squares: list[list[Fraction]]) -> np.ndarray:
  """Returns the square roots of a table of fractions, [N, N]."""
  return np.array([[float(each) ** 0.5 for each in row] for row in squares])


def plain(edges: np.ndarray) -> graphs.Graphs:
  """Returns the five nodes as one graph with edges [N, N]."""
  return graphs.Graphs(
    FEATURES[None, :, None], edges[None], np.ones((1, N), np.float32)
  )


def picture() -> Picture:
  """Draws the graph, A + I and Â."""
  a = graphs.undirected(PAIRS, N)
  looped = graphs.looped(a[None], np.ones((1, N)))[0]
  found = graphs.normalised(plain(a)).edges[0]
  by_hand = squared_weights()
  summed = [
    sum(float(by_hand[i][j]) ** 0.5 * FEATURES[j] for j in range(N)) for i in range(N)
  ]
  x = jnp.float32(FEATURES)[None, :, None]
  product = np.asarray(graphs.product(jnp.asarray(found)[None], x, N))
  twice = roots(squared_weights(loops=2))
  checked = (
    Claim(
      'The matrix of an undirected graph is symmetric, and its loops are the diagonal',
      bool(np.all(looped == looped.T) and np.all(np.diag(looped) == 1)),
      f'{int(a.sum()) // 2} edges are {int(a.sum())} entries, and {N} loops',
    ),
    claims.identity(
      'Â is 1/√(d_i d_j) at each edge and loop, degrees counting loops; Â X sums with '
      'these weights',
      np.append(found, product),
      np.append(roots(by_hand), summed),
      CLOSE,
    ),
    Claim(
      'Adding the loops to a matrix that has them gives other weights',
      bool(np.abs(twice - found).max() > 0.05),
      f'{np.abs(twice - found).max():.2f} apart at most',
    ),
  )
  return Picture(
    'Five nodes by hand',
    'Left: five nodes and their features. Middle: A with loops, 1 where two nodes are '
    'joined. Right: Â, whose entries are 1/√(d_i d_j); nodes with many neighbours '
    'count for less.',
    lambda: drawn(looped, found),
    checked,
  )


def drawn(looped: np.ndarray, found: np.ndarray) -> Any:
  """Draws the graph beside both matrices [N, N]."""
  figure, (left, *others) = draw.panels(8.5, 2.8, 3, titles=('', 'A + I', 'Â'))
  left.axis('off')
  for pair in PAIRS:
    left.plot(*PLACES[list(pair)].T, color=draw.GREY, zorder=1)
  left.scatter(*PLACES.T, s=330, color=draw.BLUE, zorder=2)
  for node, (x, y) in enumerate(PLACES):
    left.text(x, y, str(node), color='white', ha='center', va='center')
    left.text(x, y + 0.35, f'{FEATURES[node]:g}', ha='center', fontsize=9)
  left.set(xlim=(-0.5, 3.5), ylim=(-1.6, 1.8))
  for axes, values, form in zip(others, (looped, found), ('.0f', '.2f'), strict=True):
    draw.signed(axes, values, 1.5)
    for i in range(N):
      for j in range(N):
        axes.text(
          j, i, format(values[i, j], form), ha='center', va='center', fontsize=8
        )
  return figure
