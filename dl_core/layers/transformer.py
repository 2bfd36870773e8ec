"""The block of a Transformer.

Vaswani et al., 2017 (https://arxiv.org/abs/1706.03762): self-attention, then a network
of two layers that is applied to each token alone, each with a residual connection. A
decoder's block also attends to the encoder's output.

The position of layer norm (Ba, Kiros & Hinton, 2016, https://arxiv.org/abs/1607.06450):

  post   x = norm(x + part(x))     the paper, BERT, GPT-1
  pre    x = x + part(norm(x))     GPT-2, GPT-3; another norm follows the last block
  none   x = x + part(x)

Shapes: B texts, T tokens, S tokens of another text, D features, F hidden units of the
network, H heads, K features of a head.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from flax import linen as nn

from dl_core.layers.cache import Cache
from dl_core.layers.dropout import Dropout
from dl_core.layers.multihead import ALL, Keys, Mask, MultiHead
from dl_core.types import Array

ORDERS = ('post', 'pre', 'none')
ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
  'relu': nn.relu,
  'gelu': functools.partial(nn.gelu, approximate=False),
  'gelu_tanh': functools.partial(nn.gelu, approximate=True),
}


class Block(nn.Module):
  """Self-attention, optional cross-attention, and a network of two layers.

  Attributes:
    width: D.
    heads: H.
    hidden: F.
    order: one of `ORDERS`.
    cross: whether there is cross-attention.
    activation: a name of `ACTIVATIONS`.
    dropout: dropout rate of attention weights, of hidden units and of residuals.
    use_bias: whether dense layers and norms have biases.
    epsilon: added to the variance in layer norm.
    features: K; None: D / H.
    kernel_init: initializer of the kernels.
    output_init: initializer of the kernels before a residual; None: the same.
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
    norm: Any = functools.partial(
      nn.LayerNorm, epsilon=self.epsilon, use_bias=self.use_bias
    )
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
      mask: of self-attention.
      memory: keys and values of the other text, see `project`.
      memory_mask: of cross-attention.
      cache: keys and values of earlier tokens; None: there are none.
      layer: number of this block in the cache.
      train: whether dropout is applied.

    Returns:
      The features, and the cache with these tokens added.
    """
    h = self.before(self.attention_norm, x)
    keys = self.attention.project(h)
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
    """Returns the input of a part of the block."""
    return norm(x) if self.order == 'pre' else x

  def after(self, norm: Any, x: Array, found: Array, train: bool) -> Array:
    """Adds the output of a part of the block to its residual."""
    x = x + self.drop(found, train=train)
    return norm(x) if self.order == 'post' else x

  def project(self, memory: Array) -> Keys:
    """Returns the keys and values of another text [B, S, D]."""
    return self.cross_attention.project(memory)
