"""Masked language modelling: random tokens are hidden and are to be predicted.

Devlin et al. 2019 (https://arxiv.org/abs/1810.04805), section 3.1: of the places that
are chosen, 80 % become [MASK], 10 % become a random token and 10 % stay as they are.
The model cannot tell which, so it needs a good representation of every token.

Shapes: B texts, T tokens, K places at most that are predicted in a text.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import metrics
from dl_core.layers import attention
from dl_core.types import Array, Batch, Key

HIDDEN, RANDOM = 0.8, 0.1
PUBLISHED = 0.15  # share of the tokens that are predicted


def most(rate: float, longest: int) -> int:
  """Returns K for texts of T tokens at most."""
  return max(1, round(rate * longest))


def masked(
  rate: float, tokens: int, mask: int, special: Sequence[int]
) -> Callable[[Key, Batch], Batch]:
  """Makes the `corrupt` of `tasks.corrupted` that hides tokens.

  Of a text of n tokens round(rate · n) are chosen, at least one and no special one.

  Args:
    rate: share of tokens that are predicted.
    tokens: V.
    mask: the token [MASK].
    special: tokens that are never chosen, nor drawn as random tokens.

  Returns:
    (key, Batch) -> a Batch with places [B, K] in x, `masked` [B, K] in y, the tokens
    there, and in weight, 0 where fewer than K were chosen.
  """
  allowed = np.setdiff1d(np.arange(tokens, dtype=np.int32), special)

  def corrupt(key: Key, batch: Batch) -> Batch:
    place_key, kind_key, token_key = jax.random.split(key, 3)
    read, lengths = jnp.asarray(batch.x['tokens']), batch.x['lengths']
    places, weight = chosen(place_key, read, lengths, rate, special)
    if batch.weight:  # examples that only fill a batch up have no weight
      weight *= metrics.labelled(batch.weight)[:, None]
    hidden = jnp.take_along_axis(read, places, axis=1)
    kind = jax.random.uniform(kind_key, places.shape)
    other = jnp.asarray(allowed)[
      jax.random.randint(token_key, places.shape, 0, len(allowed))
    ]
    new = jnp.where(
      kind < HIDDEN, mask, jnp.where(kind < HIDDEN + RANDOM, other, hidden)
    )
    new = jnp.where(weight > 0, new, hidden)
    rows = jnp.arange(len(read))[:, None]
    x = batch.x | {'tokens': read.at[rows, places].set(new), 'places': places}
    return Batch(x, batch.y | {'masked': hidden}, batch.weight | {'masked': weight})

  return corrupt


def chosen(
  key: Key, tokens: Array, lengths: Array, rate: float, special: Sequence[int]
) -> tuple[Array, Array]:
  """Draws places [B, K] of tokens [B, T], and their weights."""
  longest = tokens.shape[1]
  real = attention.real(lengths, longest) & ~jnp.isin(tokens, jnp.asarray(special))
  scores = jnp.where(real, jax.random.uniform(key, tokens.shape), -1.0)
  found, places = jax.lax.top_k(scores, min(most(rate, longest), longest))
  count = jnp.maximum(1, jnp.round(rate * lengths))[:, None]
  wanted = (jnp.arange(places.shape[1])[None] < count) & (found >= 0)
  return places, wanted.astype(jnp.float32)
