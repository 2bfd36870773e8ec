"""The graph convolutional network (Kipf & Welling, 2017).

https://arxiv.org/abs/1609.02907: a node's class depends on its own features and on
those of its neighbourhood, so few labels go a long way. Every layer is Â X W: it mixes
each node with its neighbours, and L layers reach nodes that are L edges away.

Shapes: B graphs, N nodes, C features of a node, H units of a layer, K classes.
"""

from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from dl_core import graphs
from dl_core.layers import graph
from dl_core.types import Array


class GCN(nn.Module):
  """Graph convolutions with ReLU between; C·H + H·K parameters with one hidden layer.

  Attributes:
    classes: K.
    hidden: H of each hidden layer, in order.
    dropout: share of the features, and of each hidden layer's units, that training
      leaves out; of sparse features, of their entries.
    inputs: C, where the features are `graphs.Entries`.
    use_bias: whether layers have biases; those of the paper's code have none.
  """

  classes: int
  hidden: tuple[int, ...] = (16,)
  dropout: float = 0.5
  inputs: int = 0
  use_bias: bool = False

  @nn.compact
  def __call__(self, x: graphs.Graphs, *, train: bool) -> Array:
    """Maps graphs, whose edges are Â, to logits [B, N, K] of their nodes."""
    nodes, widths = x.nodes, (*self.hidden, self.classes)
    for number, width in enumerate(widths, start=1):
      nodes = self.dropped(nodes, train)
      layer = graph.GraphConv(
        width, self.inputs, self.use_bias, name=f'convolution_{number}'
      )
      nodes = layer(nodes, x.edges, x.mask)  # [B, N, H]
      if number < len(widths):
        nodes = nn.relu(nodes)
    return nodes.astype(jnp.float32)

  def dropped(self, nodes: Any, train: bool) -> Any:
    """Leaves out a share of the features, dense or sparse."""
    drop = nn.Dropout(self.dropout, deterministic=not train)
    if isinstance(nodes, graphs.Entries):
      return nodes._replace(value=drop(nodes.value))
    return drop(nodes)
