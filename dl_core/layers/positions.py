"""Positional encodings: attention itself does not depend on the order of the tokens.

Vaswani et al., "Attention is all you need", 2017 (https://arxiv.org/abs/1706.03762),
section 3.5, add

  PE(t, 2i) = sin(t / 10000^(2i/D))     PE(t, 2i + 1) = cos(t / 10000^(2i/D))

to the embeddings; PE(t + k) is PE(t) rotated by angles that depend on k alone. Learned
positions are rows of a table, so there are none beyond its last row.

Shapes: T tokens, D features.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.types import Array

KINDS = ('sinusoid', 'learned', 'none')


def sinusoid(most: int, width: int) -> np.ndarray:
  """Returns PE [most, width], float32, sine and cosine interleaved."""
  time = np.arange(most)[:, None]
  rates = 10_000.0 ** (-(np.arange(width) // 2 * 2) / width)
  angles = time * rates[None]
  found = np.where(np.arange(width) % 2 == 0, np.sin(angles), np.cos(angles))
  return found.astype(np.float32)


class Positions(nn.Module):
  """Adds the vector of its position to each token.

  Parameters, if learned: `table` [most, D].

  Attributes:
    kind: one of `KINDS`.
    most: T of the longest text.
    table_init: initializer of a learned table.
  """

  kind: str
  most: int
  table_init: nn.initializers.Initializer = nn.initializers.normal(0.02)

  @nn.compact
  def __call__(self, x: Array, first: Array | int = 0) -> Array:
    """Maps [B, T, D], whose first token has the position `first`, to the same shape.

    Raises:
      ValueError: a text is longer than `most`.
    """
    time, width = x.shape[1:]
    if self.kind == 'none':
      return x
    if time > self.most:
      raise ValueError(f'{time} tokens were given, but there are {self.most} positions')
    if self.kind == 'learned':
      table = self.param('table', self.table_init, (self.most, width))
    else:
      table = jnp.asarray(sinusoid(self.most, width))
    rows = jax.lax.dynamic_slice_in_dim(table, first, time)
    return x + rows[None].astype(x.dtype)
