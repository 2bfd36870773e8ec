"""Token embeddings that can be tied to the output layer.

Press & Wolf, "Using the output embedding to improve language models", 2017
(https://arxiv.org/abs/1608.05859). Shapes: D features, V tokens of the vocabulary.
"""

import jax.numpy as jnp
from flax import linen as nn

from dl_core.types import Array


class Embed(nn.Module):
  """Looks up a vector for each token. Parameter: `embedding` [V, D].

  Attributes:
    tokens: V.
    width: D.
    embedding_init: initializer of the table.
  """

  tokens: int
  width: int
  embedding_init: nn.initializers.Initializer = nn.initializers.normal(0.02)

  def setup(self):
    self.embedding = self.param(
      'embedding', self.embedding_init, (self.tokens, self.width)
    )

  def __call__(self, tokens: Array) -> Array:
    """Maps tokens [...] to their embeddings [..., D]."""
    return self.embedding.take(tokens, axis=0)

  def logits(self, x: Array) -> Array:
    """Maps features [..., D] to logits [..., V], float32: products with the table."""
    return jnp.einsum(
      '...d,vd->...v', x, self.embedding, preferred_element_type=jnp.float32
    )
