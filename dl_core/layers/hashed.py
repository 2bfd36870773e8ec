"""Embeddings of n-grams of tokens, without a list of them: a hash chooses the row.

Bojanowski et al., "Enriching word vectors with subword information", 2017
(https://arxiv.org/abs/1607.04606), section 3.2: a few n-grams share a row by chance,
and training copes with that. On few examples they learn sooner than what has to be
composed of single tokens.

Shapes: B sequences, T tokens, R rows of a table, D features.
"""

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import attention
from dl_core.types import Array

BEFORE, AFTER = 0, 1  # what stands around a sequence; tokens are counted from 2


class Ngrams(nn.Module):
  """The sum of the embeddings of the 2-grams to n-grams around each token.

  The k-gram of a token ends with the token after it, so with marks before and after the
  sequence it tells a beginning (from k = 3 on) and an end.

  Attributes:
    features: D.
    longest: n.
    rows: R, of the table for each k.
    dropout: rate at which an n-gram is left out in training, all of its features.
  """

  features: int
  longest: int
  rows: int = 2**14
  dropout: float = 0.0

  @nn.compact
  def __call__(self, tokens: Array, lengths: Array, *, train: bool) -> Array:
    """Maps tokens [B, T] and lengths [B] to [B, T, D].

    What stands after the end of a sequence changes nothing before it.
    """
    drop = nn.Dropout(self.dropout, broadcast_dims=(2,))
    first, total = nn.initializers.normal(0.1), jnp.zeros(())
    for n in range(2, self.longest + 1):
      table = nn.Embed(self.rows, self.features, embedding_init=first, name=f'gram_{n}')
      found = table(coded(tokens, lengths, n) % self.rows)
      total += drop(found, deterministic=not train)
    return total


def coded(tokens: Array, lengths: Array, n: int) -> Array:
  """Returns a hash, uint32 [B, T], of the n-gram around each token; n >= 2."""
  inside = attention.real(lengths, tokens.shape[1])
  marked = jnp.where(inside, tokens + 2, AFTER)
  marked = jnp.pad(marked, ((0, 0), (n - 2, 0)), constant_values=BEFORE)
  marked = jnp.pad(marked, ((0, 0), (0, 1)), constant_values=AFTER).astype(jnp.uint32)
  code = jnp.full(tokens.shape, n, jnp.uint32)
  for start in range(n):
    code = code * jnp.uint32(1_000_003) + marked[:, start : start + tokens.shape[1]]
  # Similar n-grams have similar last bits, so the first ones are mixed into them.
  code = (code ^ (code >> 15)) * jnp.uint32(2_246_822_519)
  return code ^ (code >> 13)
