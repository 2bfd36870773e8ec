"""Graph convolutional networks that classify nodes (Kipf & Welling, 2017).

https://arxiv.org/abs/1609.02907: a node's class depends on its own features and on
those of its neighbourhood, so few labels go a long way. Every layer is Â X W: it mixes
each node with its neighbours, and L layers reach nodes that are L edges away. Many such
layers make all nodes alike; GCNII (Chen et al. 2020, https://arxiv.org/abs/2007.02133)
lets each see the first one and grows to 64.

Shapes: B graphs, N nodes, C features of a node, H units of a layer, K classes.
"""

import jax.numpy as jnp
from flax import linen as nn

from dl_core import graphs
from dl_core.layers import graph, readout
from dl_core.types import Array

SKIPS = ('none', 'residual', 'dense')


class GCN(nn.Module):
  """Graph convolutions with ReLU between; C·H + H·K parameters with one hidden layer.

  Attributes:
    classes: K.
    hidden: H of each hidden layer, in order.
    dropout: share of the features, and of each hidden layer's units, that training
      leaves out; of sparse features, of their entries.
    skip: 'residual' adds to a hidden layer the one before it, where both are as wide
      (appendix B of the paper); 'dense' lets each layer read all hidden ones before it.
    connected: whether there are edges; without them it is an MLP of each node.
    inputs: C, where the features are `graphs.Entries`.
    use_bias: whether layers have biases; those of the paper's code have none.
  """

  classes: int
  hidden: tuple[int, ...] = (16,)
  dropout: float = 0.5
  skip: str = 'none'
  connected: bool = True
  inputs: int = 0
  use_bias: bool = False

  @nn.compact
  def __call__(self, x: graphs.Graphs, *, train: bool) -> Array:
    """Maps graphs, whose edges are Â, to logits [B, N, K] of their nodes."""
    edges = x.edges if self.connected else None
    before, widths = x.nodes, (*self.hidden, self.classes)
    for number, width in enumerate(widths, start=1):
      layer = graph.GraphConv(
        width, self.inputs, self.use_bias, name=f'convolution_{number}'
      )
      after = layer(graph.dropped(before, self.dropout, train), edges, x.mask)
      if number == len(widths):
        return after.astype(jnp.float32)
      after = nn.relu(after)  # [B, N, H]
      if number > 1 and self.skip == 'dense':
        after = jnp.concatenate([before, after], axis=-1)
      if number > 1 and self.skip == 'residual' and before.shape == after.shape:
        after = before + after
      before = after
    raise AssertionError('there is a last layer')


class Block(nn.Module):
  """A layer of GCNII in a scan, with dropout before it and ReLU after it."""

  alpha: float
  lamda: float
  dropout: float
  train: bool

  @nn.compact
  def __call__(self, h: Array, layer: Array, first: Array, edges) -> tuple[Array, None]:
    """Computes layer number `layer`, counted from 1."""
    h = graph.dropped(h, self.dropout, self.train)
    convolution = graph.Initial(self.alpha, name='convolution')
    return nn.relu(convolution(h, first, edges, graph.theta(self.lamda, layer))), None


class GCNII(nn.Module):
  """A dense layer, L graph convolutions that see its output, a dense layer.

  C·H + H + L·H² + H·K + K parameters. The convolutions are one scan: their weights are
  stacked, [L, H, H], and compile time does not grow with L.

  Attributes:
    classes: K.
    layers: L.
    hidden: H.
    alpha, lamda: α and λ of the paper, see `layers.graph`.
    dropout: before each layer.
    inputs: C, where the features are `graphs.Entries`.
  """

  classes: int
  layers: int = 64
  hidden: int = 64
  alpha: float = 0.1
  lamda: float = 0.5
  dropout: float = 0.6
  inputs: int = 0

  @nn.compact
  def __call__(self, x: graphs.Graphs, *, train: bool) -> Array:
    """Maps graphs, whose edges are Â, to logits [B, N, K] of their nodes."""
    nodes = graph.dropped(x.nodes, self.dropout, train)
    # Without edges a graph convolution is a dense layer, of sparse features too.
    inner = graph.GraphConv(self.hidden, self.inputs, use_bias=True, name='input')
    first = nn.relu(inner(nodes, None, x.mask))  # [B, N, H]
    stack = nn.scan(
      Block,
      variable_axes={'params': 0},
      split_rngs={'params': True, 'dropout': True},
      in_axes=(0, nn.broadcast, nn.broadcast),
      length=self.layers,
    )(self.alpha, self.lamda, self.dropout, train, name='stack')
    numbers = jnp.arange(1, self.layers + 1, dtype=jnp.float32)
    h, _ = stack(first, numbers, first, x.edges)
    return readout.Readout(self.classes, name='output')(
      graph.dropped(h, self.dropout, train)
    )
