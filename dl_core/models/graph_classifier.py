"""Networks that classify graphs: layers, coarser graphs between, a readout, a head.

Each layer is a graph convolution ('gcn', Kipf & Welling 2017; 'walk', DGCNN's: Zhang et
al. 2018), GIN's (Xu et al. 2019) or GraphSAGE's (Hamilton et al. 2017). A readout does
not depend on the order of the nodes, so neither does what is said of a graph.

Shapes: B graphs, N nodes, F features, H units, K classes.
"""

import math

import jax.numpy as jnp
from flax import linen as nn

from dl_core import graphs
from dl_core.layers import graph, graph_pooling, readout
from dl_core.types import Array

NETS = {'gcn': 'kipf', 'gin': 'sum', 'sage': 'mean', 'walk': 'walk'}  # how they see A
JUMPS = ('none', 'concat', 'sum')
POOLS = ('none', 'topk', 'sag', 'diffpool')


class GraphClassifier(nn.Module):
  """Maps graphs with edges A to logits; in training, with DiffPool, and to a penalty.

  Attributes:
    classes: K.
    net: kind of the layers, of `NETS`.
    widths: H of each layer.
    readout: 'mean', 'sum', 'max', or 'sorted': the nodes in the order of the last
      feature, all layers beside each other, through two convolutions.
    jump: which layers are read out: the last one; all, concatenated; or all and the
      features themselves, with a dense layer each whose outputs are summed (GIN's).
    pool: what makes graphs coarser after every second layer but the last.
    ratio: share of the nodes that is left.
    keep: nodes that the sorted readout keeps.
    dropout: before the last dense layer.
    learn: whether GIN's ε is learnt.
  """

  classes: int
  net: str = 'gcn'
  widths: tuple[int, ...] = (64, 64, 64)
  readout: str = 'mean'
  jump: str = 'none'
  pool: str = 'none'
  ratio: float = 0.5
  keep: int = 30
  dropout: float = 0.5
  learn: bool = False

  @nn.compact
  def __call__(self, x: graphs.Graphs, *, train: bool) -> Array | tuple[Array, Array]:
    """Maps graphs to logits [B, K], and perhaps a penalty [B]."""
    nodes, edges, mask = x.nodes, x.edges, x.mask
    levels = [(nodes, mask)]
    loops, penalty = False, jnp.zeros(len(mask), jnp.float32)
    for number, width in enumerate(self.widths, start=1):
      seen = graph.propagation(edges, mask, NETS[self.net], loops=not loops)
      nodes = self.layer(f'layer_{number}', width)(nodes, seen, mask, train)
      levels.append((nodes, mask))
      if self.pool != 'none' and number % 2 == 0 and number < len(self.widths):
        coarse = self.coarser(number, nodes, edges, mask, seen, train)
        nodes, edges, mask = coarse.x, coarse.edges, coarse.mask
        loops, penalty = coarse.loops, penalty + coarse.penalty
    if self.readout == 'sorted':
      logits = self.sorted(levels[1:], train)
    else:
      logits = self.scored(levels, train)
    logits = logits.astype(jnp.float32)
    return (logits, penalty) if train and self.pool == 'diffpool' else logits

  def layer(self, name: str, width: int):
    """Makes a layer: (nodes, what they see, mask, train) -> nodes [B, N, H]."""
    if self.net == 'gin':
      gin = graph.Isomorphism(width, self.learn, name=name)
      return lambda x, seen, mask, train: gin(x, seen, mask, train=train)
    if self.net == 'sage':
      sage = graph.Sampled(width, name=name)
      return lambda x, seen, mask, train: nn.relu(sage(x, seen, mask))
    plain = graph.GraphConv(width, use_bias=True, name=name)
    shape = jnp.tanh if self.net == 'walk' else nn.relu
    return lambda x, seen, mask, train: shape(plain(x, seen, mask))

  def coarser(self, number, nodes, edges, mask, seen, train) -> graph_pooling.Coarse:
    """Pools the graphs after layer `number`."""
    name = f'pool_{number}'
    if self.pool == 'topk':
      return graph_pooling.TopK(self.ratio, name=name)(nodes, edges, mask)
    if self.pool == 'sag':
      return graph_pooling.SelfAttention(self.ratio, name=name)(nodes, edges, mask)
    clusters = max(1, math.ceil(self.ratio * mask.shape[1]))
    assign = graph.GraphConv(clusters, use_bias=True, name=name)
    return graph_pooling.soft(nodes, edges, mask, assign(nodes, seen, mask))

  def scored(self, levels, train: bool) -> Array:
    """Reads out one level or all, and maps what was read to logits."""
    read = graph_pooling.READOUTS[self.readout]
    drop = nn.Dropout(self.dropout, deterministic=not train)
    if self.jump == 'sum':
      return sum(
        drop(readout.Readout(self.classes, name=f'score_{number}')(read(*level)))
        for number, level in enumerate(levels)
      )
    own = levels[1:] if self.jump == 'concat' else levels[-1:]
    found = jnp.concatenate([read(*level) for level in own], axis=-1)
    found = drop(nn.relu(nn.Dense(self.widths[-1], name='head')(found)))
    return readout.Readout(self.classes, name='output')(found)

  def sorted(self, levels, train: bool) -> Array:
    """Maps nodes in order to logits, by the head of DGCNN."""
    nodes = jnp.concatenate([x for x, _ in levels], axis=-1)
    rows = graph_pooling.in_order(nodes, levels[0][1], self.keep)  # [B, keep, ΣH]
    # A window as wide as a node, at steps as wide: a dense layer of each node.
    rows = nn.relu(nn.Dense(16, name='each')(rows))
    rows = nn.max_pool(rows, (2,), (2,))
    rows = nn.relu(
      nn.Conv(32, (min(5, rows.shape[1]),), padding='VALID', name='near')(rows)
    )
    flat = rows.swapaxes(1, 2).reshape(len(rows), -1)  # as in the authors' code
    flat = nn.relu(nn.Dense(128, name='head')(flat))
    flat = nn.Dropout(self.dropout, deterministic=not train)(flat)
    return readout.Readout(self.classes, name='output')(flat)


def dgcnn(classes: int, keep: int) -> GraphClassifier:
  """Makes the network of Zhang et al. 2018: 27,427 parameters on MUTAG, keep = 19."""
  return GraphClassifier(classes, 'walk', (32, 32, 32, 1), readout='sorted', keep=keep)
