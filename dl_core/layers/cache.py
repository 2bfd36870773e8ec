"""A cache of the keys and values of earlier tokens, for decoding token by token.

Shapes: L layers, B texts, H heads, S places, K features of a head, T new tokens.
"""

from typing import Any, NamedTuple

import jax

from dl_core.layers.multihead import Keys
from dl_core.types import Array


class Cache(NamedTuple):
  """Keys and values of the tokens so far, of all layers, with room for later ones.

  Attributes:
    keys, values: [L, B, H, S, K].
    filled: number of tokens that it holds.
  """

  keys: Any
  values: Any
  filled: Any

  def extended(self, layer: Array | int, new: Keys) -> tuple['Cache', Keys]:
    """Adds T new tokens of one layer; returns the cache and all keys of that layer."""
    at = (layer, 0, 0, self.filled, 0)
    write = lambda old, more: jax.lax.dynamic_update_slice(
      old, more[None].astype(old.dtype), at
    )
    cache = self._replace(
      keys=write(self.keys, new.keys), values=write(self.values, new.values)
    )
    of = lambda leaf: jax.lax.dynamic_index_in_dim(leaf, layer, keepdims=False)
    return cache, Keys(of(cache.keys), of(cache.values))


AXES = Cache(1, 1, None)  # where a cache has its B, see `Decode.axes`
