"""The block of a Transformer, and stacks of it.

Vaswani et al., 2017 (https://arxiv.org/abs/1706.03762): tokens look at each other, then
each goes through a network of two layers by itself; both times what comes out is added
to what went in. A decoder's block also looks at what the encoder made of the source.

Where layer norm (Ba, Kiros & Hinton, 2016, https://arxiv.org/abs/1607.06450) stands:

  post   x = norm(x + part(x))     the paper, BERT, GPT-1
  pre    x = x + part(norm(x))     GPT-2, GPT-3; the stack ends with one more norm
  none   x = x + part(x)

Blocks are equal, so the parameters of a stack are those of one block with a first axis
of L. A stack of few layers on a CPU is unrolled, which runs 1.5 times as fast there;
all others are one scan, so that compile time does not grow with depth, and compute
activations again in the backward pass of training.

Shapes: B texts, T tokens, S places that are looked at, D features, F hidden units of
the network, H heads, K features of a head, L layers.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers.dropout import Dropout
from dl_core.layers.multihead import ALL, Keys, Mask, MultiHead, share
from dl_core.types import Array, Params

ORDERS = ('post', 'pre', 'none')
ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
  'relu': nn.relu,
  'gelu': functools.partial(nn.gelu, approximate=False),
  'gelu_tanh': functools.partial(nn.gelu, approximate=True),
}
FEW = 12  # layers that are unrolled on a CPU

# How `tensor` splits stacked blocks, by heads and hidden units; `Experiment.partition`.
PARTITION = {
  **{f'{name}.kernel': (None, None, 'tensor') for name in ('query', 'key', 'value')},
  **{f'{name}.bias': (None, 'tensor') for name in ('query', 'key', 'value', 'up')},
  'up.kernel': (None, None, 'tensor'),
  'down.kernel': (None, 'tensor', None),
  'output.kernel': (None, 'tensor', None),
}


class Cache(NamedTuple):
  """The keys and values of the tokens so far, of all layers, with room for more.

  Attributes:
    keys, values: [L, B, H, S, K].
    count: number of tokens.
  """

  keys: Array
  values: Array
  count: Array

  def extended(self, layer: Array, new: Keys) -> tuple['Cache', Keys]:
    """Writes those of T new tokens of one layer; returns all of that layer."""
    at = (layer, 0, 0, self.count, 0)
    write = lambda old, more: jax.lax.dynamic_update_slice(
      old, more[None].astype(old.dtype), at
    )
    cache = self._replace(
      keys=write(self.keys, new.keys), values=write(self.values, new.values)
    )
    of = lambda leaf: jax.lax.dynamic_index_in_dim(leaf, layer, keepdims=False)
    return cache, Keys(of(cache.keys), of(cache.values))


CACHE_AXES = Cache(1, 1, None)  # where a cache has its B, see `Decode.axes`


class Block(nn.Module):
  """Self-attention, cross-attention if wanted, and a network of two layers.

  Attributes:
    width: D.
    heads: H.
    hidden: F.
    order: one of `ORDERS`.
    cross: whether it looks at another text, too.
    activation: a name of `ACTIVATIONS`.
    dropout: rate, of the weights of attention, of hidden units and of what is added.
    use_bias: whether dense layers and norms have biases.
    epsilon: added to the variance in layer norm.
    features: K; None: D / H.
    kernel_init: initializer of the kernels.
    output_init: initializer of the kernels before an addition; None: the same.
  """

  width: int
  heads: int
  hidden: int
  order: str = 'post'
  cross: bool = False
  activation: str = 'relu'
  dropout: float = 0.0
  use_bias: bool = True
  epsilon: float = 1e-5
  features: int | None = None
  kernel_init: nn.initializers.Initializer = nn.initializers.xavier_uniform()
  output_init: nn.initializers.Initializer | None = None

  def setup(self):
    if self.order not in ORDERS:
      raise ValueError(f'{self.order=} is none of {", ".join(ORDERS)}')
    last = self.output_init or self.kernel_init
    attention = functools.partial(
      MultiHead,
      self.width,
      self.heads,
      self.use_bias,
      self.dropout,
      self.features,
      self.kernel_init,
      last,
    )
    dense = functools.partial(nn.Dense, use_bias=self.use_bias)
    norm = functools.partial(nn.LayerNorm, epsilon=self.epsilon, use_bias=self.use_bias)
    if self.order == 'none':
      norm = lambda: None
    self.attention, self.attention_norm = attention(), norm()
    if self.cross:
      self.cross_attention, self.cross_norm = attention(), norm()
    self.up = dense(self.hidden, kernel_init=self.kernel_init)
    self.down, self.mlp_norm = dense(self.width, kernel_init=last), norm()
    self.drop = Dropout(self.dropout)

  def __call__(
    self,
    x: Array,
    mask: Mask = ALL,
    memory: Keys | None = None,
    memory_mask: Mask = ALL,
    cache: Cache | None = None,
    layer: Array | int = 0,
    *,
    train: bool = False,
  ) -> tuple[Array, Cache | None]:
    """Maps tokens [B, T, D] to [B, T, D].

    Args:
      x: the tokens.
      mask: which of each other they see.
      memory: keys and values of the other text, see `look_up`.
      memory_mask: which of those they see.
      cache: of the tokens before them; None: there are none.
      layer: number of this block in the cache.
      train: whether dropout is applied.

    Returns:
      The new features, and the cache with these tokens.
    """
    h = self.before(self.attention_norm, x)
    keys = self.attention.look_up(h)
    if cache is not None:
      cache, keys = cache.extended(layer, keys)
    h = self.attention(h, keys, mask, train=train)
    x = self.after(self.attention_norm, x, h, train)
    if self.cross:
      assert memory is not None, 'a block with cross-attention needs a memory'
      h = self.before(self.cross_norm, x)
      h = self.cross_attention(h, memory, memory_mask, train=train)
      x = self.after(self.cross_norm, x, h, train)
    h = self.before(self.mlp_norm, x)
    h = self.drop(ACTIVATIONS[self.activation](self.up(h)), train=train)
    return self.after(self.mlp_norm, x, self.down(h), train), cache

  def before(self, norm: Any, x: Array) -> Array:
    """Returns what a part of the block reads."""
    return norm(x) if self.order == 'pre' else x

  def after(self, norm: Any, x: Array, found: Array, train: bool) -> Array:
    """Adds what a part of the block found to its input."""
    x = x + self.drop(found, train=train)
    return norm(x) if self.order == 'post' else x

  def look_up(self, memory: Array) -> Keys:
    """Returns the keys and values of another text [B, S, D]."""
    return self.cross_attention.look_up(memory)


class Stack(nn.Module):
  """L equal blocks, one after the other; every parameter of theirs begins with L.

  Attributes:
    block: makes a block, such as partial(Block, width, heads, hidden).
    layers: L.
    norm: whether a layer norm follows the last block.
    scanned: whether the blocks are one scan; None: as `is_scanned` decides.
  """

  block: Callable[[], Block]
  layers: int
  norm: bool = False
  scanned: bool | None = None

  def setup(self):
    self.blocks = self.block()
    if self.norm:
      each = self.block(parent=None)  # type: ignore[call-arg]
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

    The memory has a first axis of L, as `look_up` makes it. With a cache the mask
    begins at its count.
    """
    if cache is not None:
      mask = mask._replace(first=cache.count)

    def one(block, carry, own):
      layer, keys = own
      return block(carry[0], mask, keys, memory_mask, carry[1], layer, train=train), ()

    carry, _ = self.over(one, again=train)(
      self.blocks, (x, cache), (jnp.arange(self.layers), memory)
    )
    y, cache = carry
    if cache is not None:
      cache = cache._replace(count=cache.count + x.shape[1])
    return (self.last_norm(y) if self.norm else y), cache

  def look_up(self, memory: Array) -> Keys:
    """Returns the keys and values [L, B, H, S, K] of another text [B, S, D]."""
    one = lambda block, carry, _: (carry, block.look_up(memory))
    _, keys = self.over(one)(self.blocks, (), jnp.arange(self.layers))
    return keys

  @nn.nowrap
  def over(self, one: Callable, again: bool = False) -> Callable:
    """Makes the loop over the layers of a function of one block.

    Args:
      one: (block, carry, what is its own) -> (carry, output).
      again: whether a scan computes activations again in the backward pass.
    """
    scanned = is_scanned(self.layers) if self.scanned is None else self.scanned
    return nn.scan(
      nn.remat(one, prevent_cse=False) if scanned and again else one,
      variable_axes={'params': 0, 'intermediates': 0},
      split_rngs={'params': True, 'dropout': True},
      length=self.layers,
      unroll=1 if scanned else self.layers,
    )

  @nn.nowrap
  def empty(self, batch_size: int, most: int, dtype: Any = jnp.float32) -> Cache:
    """Returns a cache with room for `most` tokens of B texts."""
    each = self.block(parent=None)  # type: ignore[call-arg]
    features = share(each.width, each.heads, each.features)
    zeros = jnp.zeros((self.layers, batch_size, each.heads, most, features), dtype)
    return Cache(zeros, zeros, jnp.zeros((), jnp.int32))


def is_scanned(layers: int) -> bool:
  """Returns whether a stack is compiled as one scan, and not unrolled."""
  return jax.default_backend() != 'cpu' or layers > FEW


def decays(params: Params) -> Any:
  """Marks the parameters that weight decay shrinks: matrices and tables."""
  names = ('kernel', 'embedding', 'table')
  return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key in names, params)
