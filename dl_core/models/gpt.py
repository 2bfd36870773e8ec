"""GPT: the decoder of a Transformer without a source, which predicts the next token.

Radford et al., "Improving language understanding by generative pre-training", 2018
(https://openai.com/index/language-unsupervised), with the norm after each addition;
"Language models are unsupervised multitask learners", 2019, with the norm before each
part and another at the end; Brown et al., "Language models are few-shot learners", 2020
(https://arxiv.org/abs/2005.14165), the same architecture, larger. GPT-3 has banded
attention in every other layer; here all attention is dense, with the same parameters.

Positions are learned, so there are none beyond the window. When a text outgrows it, the
last half of the window is read again from position 0 and generation continues after it:
every token has between half a window and a window of context.

Shapes: B texts, T tokens, W tokens of the window, V tokens in the vocabulary, D
features, H heads, K features of a head, F hidden units, L layers.
"""

import functools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import cache as caches
from dl_core.layers import stack, transformer
from dl_core.layers.cache import Cache
from dl_core.layers.dropout import Dropout
from dl_core.layers.embedding import Embed
from dl_core.layers.multihead import Mask
from dl_core.layers.positions import Positions
from dl_core.types import Array


class Size(NamedTuple):
  """The sides of a GPT.

  Attributes:
    layers, width, heads: L, D, H.
    window: W.
    vocabulary: V as published; 0: that of the data.
    order: where layer norm stands, see `layers.transformer`.
    activation: a name of `transformer.ACTIVATIONS`.
    use_bias: whether dense layers and norms have biases.
    features: K; None: D / H.
  """

  layers: int
  width: int
  heads: int
  window: int = 2_048
  vocabulary: int = 50_257
  order: str = 'pre'
  activation: str = 'gelu_tanh'
  use_bias: bool = True
  features: int | None = None


SMALL: Mapping[str, Any] = {'vocabulary': 0, 'activation': 'gelu', 'use_bias': False}
SIZES: Mapping[str, Size] = {
  'nano': Size(3, 128, 4, 128, **SMALL),
  'shakespeare_cpu': Size(4, 128, 4, 64, **SMALL),
  'shakespeare': Size(6, 384, 6, 256, **SMALL),
  'gpt1': Size(12, 768, 12, 512, 40_478, 'post'),
  'gpt2': Size(12, 768, 12, window=1_024),
  'gpt2_medium': Size(24, 1_024, 16, window=1_024),
  'gpt2_large': Size(36, 1_280, 20, window=1_024),
  'gpt2_xl': Size(48, 1_600, 25, window=1_024),
  '125M': Size(12, 768, 12),
  '350M': Size(24, 1_024, 16),
  '760M': Size(24, 1_536, 16),
  '1.3B': Size(24, 2_048, 16),
  '2.7B': Size(32, 2_560, 32),
  '6.7B': Size(32, 4_096, 32),
  '13B': Size(40, 5_120, 40),
  '175B': Size(96, 12_288, 96),
}
# Two rows of table 2.1 of GPT-3's paper have heads whose features are not D / H.
AS_PRINTED: Mapping[str, Size] = {
  '1.3B': Size(24, 2_048, 24, features=128),
  '13B': Size(40, 5_140, 40, features=128),
}
PARTITION = {  # see `Experiment.partition`
  **stack.PARTITION,
  'embedding.embedding': ('tensor', None),
}


class Writing(NamedTuple):
  """A text after some tokens: the last W of them [B, W], and the cache."""

  tokens: Any
  cache: Cache


AXES = Writing(0, caches.AXES)  # see `Decode.axes`


class GPT(nn.Module):
  """A language model.

  Attributes:
    vocabulary: V.
    size: see `Size`; its vocabulary is not read.
    dropout: rate.
  """

  vocabulary: int
  size: Size = SIZES['gpt2']
  dropout: float = 0.0

  def setup(self):
    size, normal = self.size, nn.initializers.normal
    self.embedding = Embed(self.vocabulary, size.width)
    self.positions = Positions('learned', size.window, normal(0.02))
    self.stack = self.stacked()
    self.drop = Dropout(self.dropout)

  @nn.nowrap
  def stacked(self, **how) -> stack.Stack:
    """Makes the blocks."""
    size, normal = self.size, nn.initializers.normal
    block = functools.partial(
      transformer.Block,
      size.width,
      size.heads,
      4 * size.width,
      size.order,
      activation=size.activation,
      dropout=self.dropout,
      use_bias=size.use_bias,
      features=size.features,
      kernel_init=normal(0.02),
      output_init=normal(0.02 / math.sqrt(2 * size.layers)),
    )
    return stack.Stack(block, size.layers, size.order == 'pre', **how)

  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps tokens [B, T], T <= W, to the logits [B, T, V] of those that come next."""
    return self.embedding.logits(self.read(x, None, train)[0])

  def read(
    self, x: Array, cache: Cache | None, train: bool = False
  ) -> tuple[Array, Cache | None]:
    """Maps tokens [B, T] to features [B, T, D], and extends the cache."""
    return self.through(self.embedding(x), cache, train)

  def through(
    self, embedded: Array, cache: Cache | None, train: bool = False
  ) -> tuple[Array, Cache | None]:
    """Maps embedded tokens [B, T, D] to features [B, T, D]; see `read`."""
    first = 0 if cache is None else cache.filled
    h = self.drop(self.positions(embedded, first), train=train)
    return self.stack(h, Mask(causal=True), cache=cache, train=train)

  @nn.nowrap
  def start(self, batch_size: int, length: int = 0) -> Writing:
    """Returns the state of B texts before their first token; needs no parameters.

    Args:
      batch_size: B.
      length: tokens of the texts at most, which bound the cache; 0: W.
    """
    most = min(length or self.size.window, self.size.window)
    cache = self.stacked(parent=None).empty(batch_size, most)
    return Writing(jnp.zeros((batch_size, most), jnp.int32), cache)

  def advance(
    self, writing: Writing, x: Array, last: bool = False
  ) -> tuple[Writing, Array]:
    """Reads on, in evaluation mode: (state, tokens [B, T]) -> (state, [B, T, V]).

    With `last` the logits are [B, V], those after the last token. Of a prompt that is
    longer than the window only its end is read. Several tokens at once must fit into
    what is left of the window, else all logits are NaN.

    Raises:
      ValueError: there are more tokens than the window holds, without `last`.
    """
    room, time = writing.tokens.shape[1], x.shape[1]
    if time > room and not last:
      raise ValueError(f'{time} tokens were given, but the window holds {room}')
    x = x[:, -room:]
    if time == 1:
      full = writing.cache.filled == room
      writing = nn.cond(
        full, lambda self, old: self.reread(old), lambda self, old: old, self, writing
      )
    h, cache = self.read(x, writing.cache)
    assert cache is not None
    tokens = jnp.concatenate([writing.tokens, x.astype(jnp.int32)], axis=1)[:, -room:]
    logits = self.embedding.logits(h[:, -1] if last else h)
    if x.shape[1] > 1:
      logits = jnp.where(cache.filled <= room, logits, jnp.nan)
    return Writing(tokens, cache), logits

  def reread(self, writing: Writing) -> Writing:
    """Reads the last half of the window again, from position 0."""
    tokens = writing.tokens
    half = tokens[:, tokens.shape[1] - tokens.shape[1] // 2 :]
    empty = jax.tree.map(jnp.zeros_like, writing.cache)
    _, cache = self.read(half, empty)
    assert cache is not None
    return Writing(tokens, cache)
