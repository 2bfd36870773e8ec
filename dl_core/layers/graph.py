"""Graph convolution: every node sums what its neighbours and itself say, weighted.

Kipf & Welling 2017, https://arxiv.org/abs/1609.02907, equation 2.

Shapes: B graphs, N nodes, C features of a node that come in, F that go out.
"""

from typing import Any

from flax import linen as nn

from dl_core import graphs
from dl_core.types import Array


class GraphConv(nn.Module):
  """Computes Â X W, and adds a bias if there is one. Parameters: `kernel`, `bias`.

  Attributes:
    features: F.
    inputs: C, where X is `graphs.Entries`, whose shapes do not say it.
    use_bias: whether to add a bias [F] to the nodes that are there.
  """

  features: int
  inputs: int = 0
  use_bias: bool = False

  @nn.compact
  def __call__(self, x: Any, edges: Any, mask: Array) -> Array:
    """Maps features of nodes to features [B, N, F].

    Args:
      x: [B, N, C], or the Entries of such matrices.
      edges: Â [B, N, N], or its Entries; see `graphs.normalised`.
      mask: [B, N], 1 where there is a node.
    """
    sparse = isinstance(x, graphs.Entries)
    shape = (self.inputs if sparse else x.shape[-1], self.features)
    kernel = self.param('kernel', nn.initializers.glorot_uniform(), shape)
    # X W first: it has fewer columns than X where a layer narrows.
    y = graphs.product(edges, graphs.product(x, kernel, mask.shape[1]), mask.shape[1])
    if not self.use_bias:
      return y
    bias = self.param('bias', nn.initializers.zeros, (self.features,))
    return (y + bias[None, None]) * mask[..., None].astype(y.dtype)
