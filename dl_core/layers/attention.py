"""Attention: looks up what a memory holds, by how well each place fits a query.

Bahdanau, Cho & Bengio, "Neural machine translation by jointly learning to align and
translate", 2015 (https://arxiv.org/abs/1409.0473) score with a small network, Luong,
Pham & Manning, "Effective approaches to attention-based neural machine translation",
2015 (https://arxiv.org/abs/1508.04025) with a dot product among others.

Shapes: B sequences, T queries, S places of the memory, H numbers of each.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.types import Array

LOW = -1e30  # a score that no softmax sees; -inf would make NaN where all have it


def real(lengths: Array, places: int) -> Array:
  """Returns which places [B, S] are no padding, given lengths [B]."""
  return jnp.arange(places)[None] < lengths[:, None]


def dot(query: Array, keys: Array) -> Array:
  """Returns the dot products [B, T, S] of queries [B, T, H] and keys [B, S, H]."""
  return jnp.einsum('bth,bsh->bts', query, keys, preferred_element_type=jnp.float32)


class Additive(nn.Module):
  """Scores by v · tanh(W q + U k + b): Bahdanau's, whose keys are projected once.

  W [q; k] + b of one matrix over both is the same, with W and U side by side.

  Attributes:
    hidden: units of the small network.
  """

  hidden: int

  def setup(self):
    self.query = nn.Dense(self.hidden, use_bias=False)
    self.key = nn.Dense(self.hidden)
    self.score = nn.Dense(1, use_bias=False)

  def project(self, keys: Array) -> Array:
    """Returns U k + b [B, S, hidden] of all keys."""
    return self.key(keys)

  def __call__(self, query: Array, projected: Array) -> Array:
    """Returns the scores [B, T, S] of queries [B, T, H]."""
    both = self.query(query)[:, :, None] + projected[:, None]
    return self.score(jnp.tanh(both))[..., 0].astype(jnp.float32)


def softmax(scores: Array, mask: Array) -> Array:
  """Returns weights [B, T, S] that sum to 1 over the places where mask [B, S] is True.

  Where no place is real, all weights are 0.
  """
  seen = mask[:, None]
  return jax.nn.softmax(jnp.where(seen, scores, LOW), axis=-1) * seen


def mixed(weights: Array, values: Array) -> Array:
  """Returns the weighted sums [B, T, H] of values [B, S, H]."""
  return jnp.einsum('bts,bsh->bth', weights.astype(values.dtype), values)
