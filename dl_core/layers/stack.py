"""Stacks of equal blocks.

The parameters of a stack are those of one block, with a leading axis of length L. A
stack of few layers is unrolled on a CPU, where that runs 1.5 times as fast. All others
are one scan, whose compile time does not grow with depth, and recompute activations in
the backward pass.

Shapes: L layers, B texts, T tokens, S tokens of another text, D features, H heads, K
features of a head.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers.cache import Cache
from dl_core.layers.multihead import ALL, Keys, Mask, share
from dl_core.layers.transformer import Block
from dl_core.types import Array, Params

FEW = 12  # layers that are unrolled on a CPU

# How `tensor` splits stacked blocks, by heads and hidden units; `Experiment.partition`.
PARTITION = {
  **{f'{name}.kernel': (None, None, 'tensor') for name in ('query', 'key', 'value')},
  **{f'{name}.bias': (None, 'tensor') for name in ('query', 'key', 'value', 'up')},
  'up.kernel': (None, None, 'tensor'),
  'down.kernel': (None, 'tensor', None),
  'output.kernel': (None, 'tensor', None),
}


class Stack(nn.Module):
  """L equal blocks in a row; the first axis of each of their parameters is L.

  Attributes:
    block: makes a block, such as partial(Block, width, heads, hidden).
    layers: L.
    norm: whether a layer norm follows the last block.
    scanned: whether the blocks are one scan; None: as `is_scanned` decides.
  """

  block: Callable[..., Block]
  layers: int
  norm: bool = False
  scanned: bool | None = None

  def setup(self):
    self.blocks = self.block()
    if self.norm:
      each = self.block(parent=None)
      self.last_norm = nn.LayerNorm(epsilon=each.epsilon, use_bias=each.use_bias)

  def __call__(
    self,
    x: Array,
    mask: Mask = ALL,
    memory: Keys | None = None,
    memory_mask: Mask = ALL,
    cache: Cache | None = None,
    *,
    train: bool = False,
  ) -> tuple[Array, Cache | None]:
    """Maps tokens [B, T, D] to [B, T, D]; see `Block`.

    The first axis of the memory is L, see `project`. With a cache, the first of the
    tokens comes after those in it.
    """
    if cache is not None:
      mask = mask._replace(first=cache.filled)

    def one(block, carry, own):
      layer, keys = own
      return block(carry[0], mask, keys, memory_mask, carry[1], layer, train=train), ()

    carry, _ = self.over(one, remat=train)(
      self.blocks, (x, cache), (jnp.arange(self.layers), memory)
    )
    y, cache = carry
    if cache is not None:
      cache = cache._replace(filled=cache.filled + x.shape[1])
    return (self.last_norm(y) if self.norm else y), cache

  def project(self, memory: Array) -> Keys:
    """Returns the keys and values [L, B, H, S, K] of another text [B, S, D]."""
    one = lambda block, carry, _: (carry, block.project(memory))
    _, keys = self.over(one)(self.blocks, (), jnp.arange(self.layers))
    return keys

  @nn.nowrap
  def over(self, one: Callable, remat: bool = False) -> Callable:
    """Makes a function that applies `one` to every block in turn.

    Args:
      one: (block, carry, input of the block) -> (carry, output).
      remat: whether a scan recomputes activations in the backward pass.
    """
    scanned = is_scanned(self.layers) if self.scanned is None else self.scanned
    return nn.scan(
      nn.remat(one, prevent_cse=False) if scanned and remat else one,
      variable_axes={'params': 0, 'intermediates': 0},
      split_rngs={'params': True, 'dropout': True},
      length=self.layers,
      unroll=1 if scanned else self.layers,
    )

  @nn.nowrap
  def empty(self, batch_size: int, most: int, dtype: Any = jnp.float32) -> Cache:
    """Returns a cache with room for `most` tokens of B texts."""
    each = self.block(parent=None)
    features = share(each.width, each.heads, each.features)
    zeros = jnp.zeros((self.layers, batch_size, each.heads, most, features), dtype)
    return Cache(zeros, zeros, jnp.zeros((), jnp.int32))


def is_scanned(layers: int) -> bool:
  """Returns whether a stack is compiled as one scan instead of being unrolled."""
  return jax.default_backend() != 'cpu' or layers > FEW


def decays(params: Params) -> Any:
  """Marks the parameters that are subject to weight decay: matrices and tables."""
  names = ('kernel', 'embedding', 'table')
  return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key in names, params)
