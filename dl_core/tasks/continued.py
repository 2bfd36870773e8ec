"""Continues texts of different lengths together, with no padding between the tokens.

Each step reads one token of every text: the next one of its prompt, or, where that has
ended, the one that was drawn. So short prompts are continued while long ones are read.

Shapes: N texts; B of a batch; P tokens of the longest prompt, T tokens after a prompt.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.tasks import decode as decoding
from dl_core.types import Decode, Key, Variables

ROWS = 32  # of a batch
STEP = 64  # prompts are padded at their end to a multiple of so many tokens


def written(
  decode: Decode,
  variables: Variables,
  prompts: Sequence[np.ndarray],
  count: int,
  key: Key,
  top_k: int,
  window: int,
) -> np.ndarray:
  """Returns the tokens [N, T] after each prompt. The same key writes the same tokens.

  Args:
    decode, variables: see `decode.generate`.
    prompts: N, of one token or more; what does not fit is cut at the left.
    count: T, below the window.
    key: what the tokens are drawn with.
    top_k: number of likeliest tokens that they are drawn from; 0: all.
    window: tokens that the model can read.
  """
  room = window - count
  cut = [np.asarray(prompt, np.int32)[-room:] for prompt in prompts]
  order = sorted(range(len(cut)), key=lambda number: len(cut[number]))
  text = np.zeros((len(cut), count), np.int32)
  for first in range(0, len(order), ROWS):
    some = order[first : first + ROWS]
    lengths = np.ones(ROWS, np.int32)
    lengths[: len(some)] = [len(cut[number]) for number in some]
    tokens = np.zeros((ROWS, min(-(-lengths.max() // STEP) * STEP, room)), np.int32)
    for row, number in enumerate(some):
      tokens[row, : lengths[row]] = cut[number]
    own = jax.random.fold_in(key, first)
    plain = decode._replace(axes=0)  # a pytree, which need not be hashable
    drawn = write(plain, count, top_k, variables, tokens, lengths, own)
    text[some] = np.asarray(drawn)[: len(some)]
  return text


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def write(decode, count, top_k, variables, prompts, lengths, key):
  most = prompts.shape[1]
  steps = most + count - 1

  def advance(carry, step):
    state, tokens = carry
    state, logits = decode.advance(variables, state, tokens[:, None], last=True)
    likely = decoding.filtered(logits, top_k)
    drawn = jax.random.categorical(jax.random.fold_in(key, step), likely)
    given = prompts[:, jnp.minimum(step + 1, most - 1)]
    tokens = jnp.where(step + 1 < lengths, given, drawn.astype(prompts.dtype))
    return (state, tokens), tokens

  state = decode.start(variables, prompts[:, :0], most + count)
  _, later = jax.lax.scan(advance, (state, prompts[:, 0]), jnp.arange(steps))
  text = jnp.concatenate([prompts[:, :1], later.T], axis=1)  # [B, P + T]
  return jnp.take_along_axis(text, lengths[:, None] + jnp.arange(count)[None], axis=1)
