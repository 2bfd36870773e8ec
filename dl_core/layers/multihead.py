"""Scaled dot-product attention with several heads.

Vaswani et al., "Attention is all you need", 2017 (https://arxiv.org/abs/1706.03762),
section 3.2. Each head returns a mean of the values, weighted by how similar their keys
are to a query:

  attention(q, k, v) = softmax(q kᵀ / √K) v

There are H heads, each with K = D / H features of its own, and W_o mixes their outputs.
In self-attention queries, keys and values are linear maps of the same tokens; in
cross-attention keys and values come from another text.

Shapes: B texts, T queries, S keys, D features, H heads, K features of a head.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import attention
from dl_core.layers.dropout import Dropout
from dl_core.types import Array

CUDNN = 128  # most features of a head that cuDNN's kernels take
HALVES = (jnp.bfloat16, jnp.float16)


class Mask(NamedTuple):
  """Which keys each query attends to; by default all of them.

  Attributes:
    causal: whether a query attends to its own position and earlier ones only.
    first: position of the first query, such as the number of tokens in a cache.
    lengths: [B], number of keys of each text that are not padding; None: all.
    segments: ([B, T], [B, S]), numbers of the texts that are packed in a row; a query
      attends to keys of its own text only. None: a row is one text.
  """

  causal: bool = False
  first: Array | int = 0
  lengths: Array | None = None
  segments: tuple[Array, Array] | None = None

  def dense(self, queries: int, keys: int) -> Array | None:
    """Returns the mask as booleans [1 or B, 1, T, S]; None: all are True."""
    parts = []
    key = jnp.arange(keys)
    if self.causal:
      own = self.first + jnp.arange(queries)
      parts.append((key[None] <= own[:, None])[None])
    if self.lengths is not None:
      parts.append(attention.real(self.lengths, keys)[:, None])
    if self.segments is not None:
      of_query, of_key = self.segments
      parts.append(of_query[:, :, None] == of_key[:, None])
    if not parts:
      return None
    return functools.reduce(jnp.logical_and, parts)[:, None]


ALL = Mask()


class Keys(NamedTuple):
  """The keys and values that queries attend to, [B, H, S, K]."""

  keys: Any
  values: Any


def choice(
  backend: str, dtype: Any, features: int, mask: Mask, weights: bool
) -> tuple[str, str]:
  """Returns which implementation computes attention, and why.

  Args:
    backend: 'cpu', 'gpu' or 'tpu'.
    dtype: of queries, keys and values.
    features: K.
    mask: of the keys.
    weights: whether the weights are needed, for dropout or for pictures.

  Returns:
    'cudnn', 'xla' (`jax.nn.dot_product_attention`) or 'products', and a reason.
  """
  if backend == 'cpu':
    return 'products', 'batched products are the fastest on a CPU'
  if weights:
    return 'products', 'the weights are needed, which fused kernels do not return'
  if backend != 'gpu':
    return 'xla', f'there is no cuDNN on {backend}'
  if dtype not in HALVES:
    return 'xla', f'cuDNN computes in 16 bits, and the queries are {jnp.dtype(dtype)}'
  if features % 8 or features > CUDNN:
    return 'xla', f'cuDNN takes heads of 8, 16 ... {CUDNN} features, not {features}'
  if mask.segments is not None or not isinstance(mask.first, int) or mask.first:
    return 'xla', 'the mask is neither causal from the first place nor one of lengths'
  return 'cudnn', f'{jnp.dtype(dtype)} heads of {features} features, no dense mask'


def attend(
  q: Array,
  k: Array,
  v: Array,
  mask: Mask = ALL,
  drop: Callable[[Array], Array] | None = None,
  keep: Callable[[Array], Any] | None = None,
) -> Array:
  """Computes scaled dot-product attention.

  Args:
    q: queries [B, H, T, K].
    k, v: keys and values [B, H, S, K].
    mask: of the keys.
    drop: dropout of the weights [B, H, T, S]; None: none.
    keep: called with the weights; None: they are not kept.

  Returns:
    [B, H, T, K]; zeros for a query that may attend to no key.
  """
  backend, features = jax.default_backend(), q.shape[-1]
  name, reason = choice(backend, q.dtype, features, mask, bool(drop or keep))
  logging.getLogger(__name__).info('attention by %s: %s', name, reason)
  if name == 'products':
    return products(q, k, v, mask, drop, keep)
  return library(q, k, v, mask, name)


def products(q, k, v, mask, drop=None, keep=None):
  """Computes `attend` by two batched matrix products with a softmax between."""
  scores = jnp.einsum('bhtk,bhsk->bhts', q, k, preferred_element_type=jnp.float32)
  scores *= q.shape[-1] ** -0.5
  seen = mask.dense(q.shape[2], k.shape[2])
  if seen is not None:
    scores = jnp.where(seen, scores, attention.LOW)
  weights = jax.nn.softmax(scores, axis=-1)
  if mask.lengths is not None or mask.segments is not None:
    weights = weights * seen  # zeros, not an average, where no place is seen
  if keep:
    keep(weights)
  if drop:
    weights = drop(weights)
  return jnp.einsum('bhts,bhsk->bhtk', weights.astype(v.dtype), v)


def library(q, k, v, mask, name):
  """Computes `attend` by `jax.nn.dot_product_attention`, with XLA or cuDNN."""
  q, k, v = (jnp.swapaxes(each, 1, 2) for each in (q, k, v))
  own: dict[str, Any] = {'implementation': name}
  if name == 'cudnn':
    own |= {'is_causal': mask.causal, 'key_value_seq_lengths': mask.lengths}
  else:
    own |= {'mask': mask.dense(q.shape[1], k.shape[1])}
  found = jax.nn.dot_product_attention(q, k, v, **own)
  if mask.lengths is not None:
    found = found * (mask.lengths > 0)[:, None, None, None].astype(found.dtype)
  return jnp.swapaxes(found, 1, 2)


class MultiHead(nn.Module):
  """Multi-head attention.

  Parameters: dense layers `query`, `key`, `value` [D, H·K] and `output` [H·K, D]. A
  head is K neighbouring columns of the first three, so a mesh may split them by heads.

  Attributes:
    width: D.
    heads: H.
    use_bias: whether the four layers have biases.
    dropout: dropout rate of the attention weights.
    features: K; None: D / H.
    kernel_init: initializer of the kernels.
    output_init: initializer of the kernel of `output`; None: the same.
  """

  width: int
  heads: int
  use_bias: bool = True
  dropout: float = 0.0
  features: int | None = None
  kernel_init: nn.initializers.Initializer = nn.initializers.xavier_uniform()
  output_init: nn.initializers.Initializer | None = None

  def setup(self):
    inner = self.heads * share(self.width, self.heads, self.features)
    dense = functools.partial(nn.Dense, use_bias=self.use_bias)
    self.query, self.key, self.value = (
      dense(inner, kernel_init=self.kernel_init) for _ in range(3)
    )
    last = self.output_init or self.kernel_init
    self.output = dense(self.width, kernel_init=last)
    self.drop = Dropout(self.dropout)

  def split(self, x: Array) -> Array:
    """Maps [B, T, D] to heads [B, H, T, K]."""
    batch, time, _ = x.shape
    return x.reshape(batch, time, self.heads, -1).swapaxes(1, 2)

  def project(self, x: Array) -> Keys:
    """Returns the keys and values of tokens [B, S, D]."""
    return Keys(self.split(self.key(x)), self.split(self.value(x)))

  def __call__(
    self, x: Array, keys: Keys, mask: Mask = ALL, *, train: bool = False
  ) -> Array:
    """Maps tokens [B, T, D] to what they attend to [B, T, D].

    The weights [B, H, T, S] are sown as `weights` in the collection of intermediates.
    """
    drop = None
    if train and self.dropout:
      drop = functools.partial(self.drop, train=True)
    keep = None
    if self.is_mutable_collection('intermediates'):
      keep = functools.partial(self.sow, 'intermediates', 'weights')
    found = attend(self.split(self.query(x)), *keys, mask, drop, keep)
    return self.output(found.swapaxes(1, 2).reshape(*x.shape[:2], -1))


def share(width: int, heads: int, features: int | None = None) -> int:
  """Returns K: `features`, or else D / H."""
  if features is None and width % heads:
    raise ValueError(f'{width=} is no multiple of {heads=}')
  return features or width // heads
