"""What a graph network tells apart, and what it cannot, whatever its weights.

It does not see the order of the nodes, its parameters do not depend on how many there
are, and it cannot tell a hexagon from two triangles: all nodes of both have two
neighbours, whose neighbours have two (the test of Weisfeiler & Leman; Xu et al. 2019,
https://arxiv.org/abs/1810.00826). Networks have random weights.

Shapes: N nodes, F features.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import graphs, trees
from dl_core.data import shapes
from dl_core.models import graph_classifier
from dl_core.report import claims, draw
from dl_core.types import Claim, Picture

HEXAGON, TRIANGLES = shapes.cycle(6), shapes.cycle(3) + shapes.cycle(3, 3)
NETS = ('gcn', 'gin', 'sage')
CLOSE = 1e-5


def network(net: str, readout: str = 'sum') -> graph_classifier.GraphClassifier:
  return graph_classifier.GraphClassifier(
    2, net, (8, 8), readout, jump='none' if net != 'gin' else 'sum', keep=16
  )


def whole(pairs: Any, x: np.ndarray) -> graphs.Graphs:
  """Returns one graph with features x [N, F]."""
  edges = graphs.undirected(pairs, len(x))[None]
  parts = (x[None], edges, np.ones((1, len(x))))
  return graphs.Graphs(*map(jnp.float32, parts))


@functools.cache
def variables(net: str, readout: str, features: int) -> Any:
  x = whole(HEXAGON, np.ones((6, features)))
  return network(net, readout).init(jax.random.key(1), x, train=False)


def logits(net: str, x: graphs.Graphs, readout: str = 'sum') -> np.ndarray:
  """Returns the logits [2] of a network with random weights."""
  own = variables(net, readout, x.nodes.shape[-1])
  return np.asarray(network(net, readout).apply(own, x, train=False))[0]


def corners(pairs: Any, n: int) -> np.ndarray:
  """Returns for each node 1 and the number of triangles that it is a corner of."""
  a = graphs.undirected(pairs, n)
  return np.stack([np.ones(n), np.diag(a @ a @ a) / 2], axis=1)


def picture() -> Picture:
  """Draws the two graphs that no such network tells apart."""
  plain = {
    net: [logits(net, whole(p, np.ones((6, 1)))) for p in (HEXAGON, TRIANGLES)]
    for net in NETS
  }
  told = {
    net: [logits(net, whole(p, corners(p, 6))) for p in (HEXAGON, TRIANGLES)]
    for net in NETS
  }
  apart = {net: float(np.abs(one - other).max()) for net, (one, other) in told.items()}
  checked = (
    claims.identity(
      'With equal features, a hexagon and two triangles have the same logits under '
      f'{", ".join(NETS)}',
      [one for one, _ in plain.values()],
      [other for _, other in plain.values()],
      CLOSE,
    ),
    Claim(
      'Told of how many triangles each node is a corner, all tell them apart',
      min(apart.values()) > 1e-3,
      ', '.join(f'{net}: {value:.2g} apart' for net, value in apart.items()),
    ),
  )
  return Picture(
    'What a graph network cannot tell',
    'One ring of six nodes and two of three. Each node has two neighbours that look '
    'like itself, so every layer computes the same for all twelve.',
    drawn,
    checked,
  )


def order(random: np.random.Generator, draws: int) -> Picture:
  """Draws a graph and the same in another order, as matrices."""
  same, moved = [], []
  for _ in range(draws):
    n = int(random.integers(5, 15))
    pairs = random.integers(n, size=(2 * n, 2))
    x = whole(pairs, random.normal(size=(n, 3)))
    places = random.permutation(n)
    for net in NETS:
      for readout in ('mean', 'sum', 'max', 'sorted'):
        same.append(logits(net, x, readout))
        host = jax.tree.map(np.asarray, x)
        moved.append(logits(net, graphs.permuted(host, places), readout))
  sizes = {
    n: jax.eval_shape(
      functools.partial(network('gin').init, train=False),
      jax.random.key(0),
      whole([(0, 1)], np.ones((n, 3))),
    )
    for n in (5, 500)
  }
  counts = [trees.size(each['params']) for each in sizes.values()]
  a = graphs.undirected(shapes.cycle(12), 12)
  mixed = random.permutation(12)

  def show():
    titles = ('A of a ring', 'the same, other numbers')
    figure, panels = draw.panels(5, 2.6, 2, titles=titles)
    for axes, values in zip(panels, (a, a[np.ix_(mixed, mixed)]), strict=True):
      draw.signed(axes, values, 1.5)
    return figure

  return Picture(
    'One graph, many matrices',
    'A ring of twelve nodes under two numberings. A network must not depend on which '
    'of them it is given, nor on how many nodes there are.',
    show,
    (
      claims.identity(
        'The order of the nodes changes nothing, for all readouts',
        np.array(same),
        np.array(moved),
        1e-4,
      ),
      Claim(
        'A network has as many parameters for 5 nodes as for 500',
        counts[0] == counts[1],
        f'{counts[0]:,} and {counts[1]:,}',
      ),
    ),
  )


def drawn() -> Any:
  """Draws both graphs."""
  figure, panels = draw.panels(6, 2.4, 2, titles=('a hexagon', 'two triangles'))
  angles = np.arange(6) * np.pi / 3
  ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
  side = ring[::2] * 0.8
  apart = np.concatenate([side + np.array([[-1, 0]]), side + np.array([[1, 0]])])
  for axes, places, pairs in zip(
    panels, (ring, apart), (HEXAGON, TRIANGLES), strict=True
  ):
    axes.axis('off')
    axes.set_aspect('equal')
    for pair in pairs:
      axes.plot(*places[list(pair)].T, color=draw.GREY, zorder=1)
    axes.scatter(*places.T, s=150, color=draw.BLUE, zorder=2)
  return figure
