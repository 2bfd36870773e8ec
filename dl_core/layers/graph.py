"""Layers of graph networks: every node computes from its neighbours and itself.

`GraphConv` (Kipf & Welling 2017, https://arxiv.org/abs/1609.02907), `Initial` (GCNII:
Chen et al. 2020, https://arxiv.org/abs/2007.02133), `Isomorphism` (GIN: Xu et al. 2019,
https://arxiv.org/abs/1810.00826), `Sampled` (GraphSAGE: Hamilton et al. 2017,
https://arxiv.org/abs/1706.02216, with all neighbours).

Shapes: B graphs, N nodes, C features of a node that come in, F that go out.
"""

from typing import Any

import jax
import jax.numpy as jnp
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
      edges: Â [B, N, N], or its Entries; see `graphs.normalised`. None: no edges, so
        that each node sees itself alone.
      mask: [B, N], 1 where there is a node.
    """
    sparse = isinstance(x, graphs.Entries)
    shape = (self.inputs if sparse else x.shape[-1], self.features)
    kernel = self.param('kernel', nn.initializers.glorot_uniform(), shape)
    # X W first: it has fewer columns than X where a layer narrows.
    y = graphs.product(x, kernel, mask.shape[1])
    if edges is not None:
      y = graphs.product(edges, y, mask.shape[1])
    if not self.use_bias:
      return y
    bias = self.param('bias', nn.initializers.zeros, (self.features,))
    return (y + bias[None, None]) * mask[..., None].astype(y.dtype)


class Initial(nn.Module):
  """A layer of GCNII. Parameters: `kernel` [F, F], uniform in ±1/√F.

  Each layer sees the first one ("initial residual") and moves its input by a share that
  shrinks with depth ("identity mapping"); equation 5.

  Attributes:
    alpha: share α of the first layer's features.
  """

  alpha: float = 0.1

  @nn.compact
  def __call__(self, x: Array, first: Array, edges: Any, theta: Array) -> Array:
    """Computes s ((1 - θ) I + θ W), where s = (1 - α) Â X + α X₀.

    Args:
      x, first: X and X₀, [B, N, F].
      edges: Â.
      theta: θ, a scalar.
    """
    width = x.shape[-1]
    uniform = nn.initializers.variance_scaling(1 / 3, 'fan_out', 'uniform')
    kernel = self.param('kernel', uniform, (width, width))
    theta = jnp.asarray(theta, x.dtype)
    s = (1 - self.alpha) * graphs.product(edges, x, x.shape[1]) + self.alpha * first
    return (1 - theta) * s + theta * (s @ kernel)


class Isomorphism(nn.Module):
  """A layer of GIN: an MLP of (1 + ε) x + Σ neighbours, then batch norm and ReLU.

  Equation 4.1, as in the authors' code (https://github.com/weihua916/powerful-gnns): an
  MLP of two layers with batch norm between. Batch norm counts real nodes alone.

  Attributes:
    features: F.
    learn: whether ε is learnt; else it is 0.
  """

  features: int
  learn: bool = False

  @nn.compact
  def __call__(self, x: Array, edges: Any, mask: Array, *, train: bool) -> Array:
    """Maps features [B, N, C] to [B, N, F]; `edges` is A without loops."""
    real = mask[..., None] > 0
    epsilon = self.param('epsilon', nn.initializers.zeros, ()) if self.learn else 0.0
    x = (1 + epsilon) * x + graphs.product(edges, x, mask.shape[1])
    uniform = nn.initializers.variance_scaling(1 / 3, 'fan_in', 'uniform')
    for name in ('1', '2'):
      x = nn.Dense(self.features, kernel_init=uniform, name=f'dense_{name}')(x)
      norm = nn.BatchNorm(not train, momentum=0.9, name=f'norm_{name}')
      x = nn.relu(norm(x, mask=real))
    return x * real.astype(x.dtype)


class Sampled(nn.Module):
  """A layer of GraphSAGE: W₁ mean of neighbours + W₂ x + b.

  Attributes:
    features: F.
  """

  features: int

  @nn.compact
  def __call__(self, x: Array, edges: Any, mask: Array) -> Array:
    """Maps features [B, N, C] to [B, N, F]; rows of `edges` sum to 1."""
    near = graphs.product(edges, x, mask.shape[1])
    y = nn.Dense(self.features, name='neighbours')(near)
    y = y + nn.Dense(self.features, use_bias=False, name='own')(x)
    return y * mask[..., None].astype(y.dtype)


def theta(lamda: float, layer: Array) -> Array:
  """Returns θ = log(λ/l + 1) of GCNII's layer l, counted from 1."""
  return jnp.log(lamda / layer + 1)


def dropped(x: Any, rate: float, train: bool) -> Any:
  """Leaves out a share of the features, dense or sparse; inside a module alone."""
  drop = nn.Dropout(rate, deterministic=not train)
  if isinstance(x, graphs.Entries):
    return x._replace(value=drop(x.value))
  return drop(x)


def propagation(edges: Array, mask: Array, kind: str, loops: bool = True) -> Array:
  """Returns dense matrices by which nodes see their neighbours, computed from A.

  Args:
    edges: A [B, N, N], without loops.
    mask: [B, N], 1 where there is a node.
    kind: 'sum': A. 'mean': D⁻¹ A. 'walk': D̃⁻¹ (A + I). 'kipf': D̃^-½ (A + I) D̃^-½.
    loops: whether 'walk' and 'kipf' add I; a pooled A may have loops already.
  """
  if kind == 'sum':
    return edges
  if kind in ('walk', 'kipf') and loops:
    real = (mask > 0).astype(edges.dtype)
    edges = edges + real[:, :, None] * jnp.eye(edges.shape[1], dtype=edges.dtype)[None]
  degree = jnp.sum(edges, axis=-1)
  degree = jnp.where(degree > 0, degree, 1)
  if kind == 'kipf':
    scale = jax.lax.rsqrt(degree)
    return scale[:, :, None] * edges * scale[:, None, :]
  return edges / degree[:, :, None]
