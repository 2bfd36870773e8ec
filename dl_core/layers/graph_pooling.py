"""From nodes to a graph: readouts, and coarser graphs of fewer nodes.

Readouts: mean, sum, maximum, and nodes in the order of their last feature (DGCNN: Zhang
et al. 2018, https://doi.org/10.1609/aaai.v32i1.11782). Coarser graphs: `TopK` (Gao & Ji
2019, https://arxiv.org/abs/1905.05178), `SelfAttention` (SAGPool: Lee et al. 2019,
https://arxiv.org/abs/1904.08082), `soft` (DiffPool: Ying et al. 2018,
https://arxiv.org/abs/1806.08804).

Shapes: B graphs, N nodes, F features, M nodes of a coarser graph.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.types import Array


def mean(x: Array, mask: Array) -> Array:
  """Averages the nodes that are there: [B, N, F], [B, N] -> [B, F]."""
  count = jnp.sum(mask > 0, axis=1, dtype=x.dtype)
  return total(x, mask) / jnp.maximum(count, 1)[:, None]


def total(x: Array, mask: Array) -> Array:
  """Sums the nodes that are there: [B, N, F], [B, N] -> [B, F]."""
  return jnp.sum(jnp.where(mask[..., None] > 0, x, 0), axis=1)


def most(x: Array, mask: Array) -> Array:
  """Returns the maximum of each feature; 0 of a graph without nodes."""
  real = mask[..., None] > 0
  found = jnp.max(jnp.where(real, x, -jnp.inf), axis=1)
  return jnp.where(jnp.any(real, axis=1), found, 0)


READOUTS = {'mean': mean, 'sum': total, 'max': most}


def in_order(x: Array, mask: Array, count: int) -> Array:
  """Returns the `count` nodes with the highest last feature, zeros if there are less.

  Where last features are equal, as many are after a ReLU, the sum of all features
  decides; only nodes that are alike, as in symmetric graphs, stay in the given order.

  Returns:
    [B, count, F].
  """
  real = mask > 0
  last = jnp.where(real, x[..., -1], -jnp.inf)
  order = jnp.lexsort((-jnp.sum(x, axis=-1), -last), axis=1)
  kept = jnp.take_along_axis(jnp.where(real[..., None], x, 0), order[..., None], axis=1)
  kept = kept[:, :count]
  return jnp.pad(kept, ((0, 0), (0, count - kept.shape[1]), (0, 0)))


class Coarse(NamedTuple):
  """Coarser graphs.

  Attributes:
    x: features [B, M, F].
    edges: A [B, M, M].
    mask: [B, M].
    penalty: [B], to be added to the loss.
    loops: whether `edges` has self-loops.
  """

  x: Array
  edges: Array
  mask: Array
  penalty: Array
  loops: bool = False


def chosen(x: Array, edges: Array, mask: Array, score: Array, ratio: float) -> Coarse:
  """Keeps the ⌈ratio·n⌉ nodes of highest score of each graph of n nodes.

  The kept ones are multiplied by tanh of their scores, or the scores would have no
  gradient.

  Args:
    x, edges, mask: of the graphs.
    score: [B, N].
    ratio: in (0, 1].
  """
  real = mask > 0
  size = np.float32(ratio) * np.float32(mask.shape[1])
  most = max(1, math.ceil(size))
  score = jnp.where(real, score, 0)
  _, index = jax.lax.top_k(jnp.where(real, score, -jnp.inf), most)  # [B, M]
  count = jnp.ceil(jnp.float32(ratio) * jnp.sum(real, axis=1, dtype=jnp.float32))
  kept = (jnp.arange(most)[None] < count[:, None]).astype(x.dtype)
  at = lambda leaf: jnp.take_along_axis(leaf, index[..., None], axis=1)
  rows = at(edges)  # [B, M, N]
  both = jnp.take_along_axis(rows, index[:, None], axis=2)
  return Coarse(
    at(x) * jnp.tanh(at(score[..., None])) * kept[..., None],
    both * kept[:, :, None] * kept[:, None, :],
    kept,
    jnp.zeros(len(x), x.dtype),
  )


class TopK(nn.Module):
  """Scores nodes by the direction of a learnt vector: tanh(x · p / ‖p‖).

  Parameter: `direction` [F].
  """

  ratio: float

  @nn.compact
  def __call__(self, x: Array, edges: Array, mask: Array) -> Coarse:
    """Maps graphs to those of their best nodes."""
    draw = nn.initializers.normal(1.0)
    direction = self.param('direction', draw, (x.shape[-1],))
    length = jnp.sqrt(jnp.sum(direction**2))
    return chosen(x, edges, mask, x @ direction / length, self.ratio)


class SelfAttention(nn.Module):
  """Scores nodes by a graph layer of one unit: tanh(W₁ Σ neighbours + W₂ x + b).

  Parameters: `neighbours` {kernel [F, 1], bias [1]}, `own` {kernel [F, 1]}.
  """

  ratio: float

  @nn.compact
  def __call__(self, x: Array, edges: Array, mask: Array) -> Coarse:
    """Maps graphs to those of their best nodes."""
    score = nn.Dense(1, name='neighbours')(edges @ x)
    score = score + nn.Dense(1, use_bias=False, name='own')(x)
    return chosen(x, edges, mask, score[..., 0], self.ratio)


def soft(x: Array, edges: Array, mask: Array, logits: Array) -> Coarse:
  """Assigns nodes to M clusters: X' = Sᵀ X, A' = Sᵀ A S, S = softmax(logits).

  The penalty is ‖A - S Sᵀ‖ divided by the number of nodes, and the mean entropy of the
  nodes' assignments. Divided by N², as elsewhere, the first one vanishes; the authors
  take the cross-entropy in its place, since they found this one hard to train.

  Args:
    x, edges, mask: of the graphs.
    logits: [B, N, M].
  """
  link, entropy, s = costs(edges, mask, logits)
  count = jnp.maximum(jnp.sum(mask > 0, axis=1, dtype=x.dtype), 1)
  return Coarse(
    jnp.einsum('bnm,bnf->bmf', s, x),
    jnp.einsum('bnm,bnk,bkl->bml', s, edges, s),
    jnp.ones((len(x), logits.shape[-1]), x.dtype),
    link / count + entropy / count,
    loops=True,
  )


def costs(edges: Array, mask: Array, logits: Array) -> tuple[Array, Array, Array]:
  """Returns ‖A - S Sᵀ‖ [B], the sum of the entropies of rows of S [B], and S."""
  real = (mask[..., None] > 0).astype(logits.dtype)
  s = jax.nn.softmax(logits, axis=-1) * real  # [B, N, M]
  apart = edges - jnp.einsum('bnm,bkm->bnk', s, s)
  squares = jnp.sum(apart**2, axis=(1, 2))
  link = jnp.sqrt(jnp.where(squares > 0, squares, 1)) * (squares > 0)
  entropy = -jnp.sum(s * jax.nn.log_softmax(logits, axis=-1), axis=(1, 2))
  return link, entropy, s
