"""Autoregressive decoding in one dispatch: greedy, by sampling; scores of given texts.

`beam` searches for the likeliest text. Shapes: B texts, P tokens of the prompt, T
tokens after it, V tokens in the vocabulary.
"""

import functools
from collections.abc import Callable
from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import io_callback

from dl_core.tasks.precision import cast
from dl_core.types import Array, Decode, Key, Variables


def generate(
  decode: Decode,
  variables: Variables,
  prompt: Array | np.ndarray,
  count: int,
  key: Key,
  temperature: float = 1.0,
  tell: Callable[[np.ndarray], Any] | None = None,
  *,
  x: Any = None,
  top_k: int = 0,
  top_p: float = 1.0,
  stop: int | None = None,
  pad: int = 0,
) -> Array:
  """Continues B texts. The same key writes the same text.

  Args:
    decode: how the model reads and what it remembers.
    variables: the model's.
    prompt: [B, P] tokens, P >= 1, which are read first.
    count: the most tokens that are written after the prompt.
    key: what they are drawn with.
    temperature: by which the logits are divided: below 1 the likely tokens become
      likelier; 0 writes the likeliest each time (greedy decoding).
    tell: called on the host with the tokens [B] of each step as they are made, in
      order, while the device goes on writing.
    x: what the texts are conditioned on, see `Decode.start`; None: nothing.
    top_k, top_p: see `filtered`; 0 and 1: off.
    stop: the token that ends a text; None: there is none.
    pad: what is written after the stop token.

  Returns:
    [B, count] tokens, without the prompt. Decoding ends when all texts have ended.

  Raises:
    ValueError: if there is no prompt, or a setting is out of its bounds.
  """
  check(prompt)
  if temperature < 0:
    raise ValueError(f'{temperature=} is negative; 0 writes the likeliest tokens')
  if top_k < 0 or not 0 < top_p <= 1:
    raise ValueError(f'{top_k=}, {top_p=}: at least 0, and above 0 up to 1, are wanted')
  text = write(
    decode._replace(axes=0),  # a pytree, which need not be hashable
    count,
    tell,
    (top_k, top_p, stop, pad),
    variables,
    prompt,
    x,
    key,
    float(temperature),
  )
  if tell is not None:
    jax.effects_barrier()  # `tell` has been called for all tokens when this returns
  return text


def of(
  model: Any, start: Callable[[Variables, Any, int], Any], axes: Any = 0
) -> Decode:
  """Makes the `Decode` of a module.

  Args:
    model: reads on by its `advance(state, tokens, last)`.
    start, axes: see `Decode`.
  """

  def advance(variables, state, tokens, last=False):
    state, logits = model.apply(variables, state, tokens, last, method='advance')
    return state, cast(logits, jnp.float32)

  return Decode(start, advance, axes)


def scored(
  decode: Decode,
  variables: Variables,
  prompt: Array | np.ndarray,
  tokens: Array | np.ndarray,
  weight: Array | np.ndarray | None = None,
  *,
  x: Any = None,
) -> Array:
  """Returns log p [B] of given continuations, in nats: Σ over their tokens.

  Args:
    decode, variables, x: see `generate`.
    prompt: [B, P] tokens, P >= 1, which are read first and are not scored.
    tokens: [B, T], the continuations.
    weight: [B, T], 0 for tokens that do not count (padding); None: all count.

  Raises:
    ValueError: if there is no prompt.
  """
  check(prompt)
  weight = np.ones(np.shape(tokens), np.float32) if weight is None else weight
  return sum_of_logs(decode._replace(axes=0), variables, prompt, tokens, weight, x)


def filtered(logits: Array, top_k: int = 0, top_p: float = 1.0) -> Array:
  """Sets the logits [B, V] of unlikely tokens to -inf, so that they are never drawn.

  First top-k (Fan et al. 2018, https://arxiv.org/abs/1805.04833): the k highest stay,
  and all that equal the k-th. Then top-p (Holtzman et al. 2020,
  https://arxiv.org/abs/1904.09751), on the probabilities that are left: the fewest
  tokens stay whose probabilities sum to p or more, at least one, and all that equal the
  last of them.

  Args:
    logits: after division by the temperature.
    top_k: k; 0: off.
    top_p: p; 1: off.
  """
  if top_k:
    highest = jax.lax.top_k(logits, min(top_k, logits.shape[-1]))[0]
    logits = jnp.where(logits < highest[..., -1:], -jnp.inf, logits)
  if top_p < 1:
    falling = -jnp.sort(-logits, axis=-1)
    chances = jax.nn.softmax(falling, axis=-1)
    before = jnp.cumsum(chances, axis=-1) - chances  # of the tokens that are likelier
    stay = (before < top_p).at[..., 0].set(True)
    least = jnp.min(jnp.where(stay, falling, jnp.inf), axis=-1, keepdims=True)
    logits = jnp.where(logits < least, -jnp.inf, logits)
  return logits


def shown(text: str) -> str:
  """Returns a text as it may go to a terminal: control characters are spelt out."""
  plain = lambda one: one if one.isprintable() or one in '\n\t' else ascii(one)[1:-1]
  return ''.join(map(plain, text))


def check(prompt: Any) -> None:
  """Raises ValueError where there is no token to begin with."""
  chex.assert_rank(prompt, 2)
  if not prompt.shape[1]:
    raise ValueError('the prompt is empty; give at least one token to go on from')


def begun(
  decode: Decode, variables: Variables, prompt: Array, x: Any, count: int
) -> tuple[Any, Array]:
  """Reads the prompt; returns the state and the logits [B, V] of the next token."""
  x = prompt[:, :0] if x is None else x
  state = decode.start(variables, x, prompt.shape[1] + count)
  return decode.advance(variables, state, prompt, last=True)


@functools.partial(jax.jit, static_argnums=(0, 1, 2, 3))
def write(decode, count, tell, options, variables, prompt, x, key, temperature):
  top_k, top_p, stop, pad = options

  def draw(key, logits):  # [B, V] -> [B]
    scaled = logits / jnp.where(temperature > 0, temperature, 1.0)
    drawn = jax.random.categorical(key, filtered(scaled, top_k, top_p))
    return jnp.where(temperature > 0, drawn, jnp.argmax(logits, axis=-1))

  def unfinished(carry):
    step, _, _, _, ended = carry
    return (step < count) & ~jnp.all(ended)

  def advance(carry):
    step, state, logits, text, ended = carry
    tokens = draw(keys[step], logits).astype(prompt.dtype)
    if stop is not None:
      tokens = jnp.where(ended, pad, tokens)
      ended |= tokens == stop
    if tell is not None:
      report = lambda tokens: tell(np.asarray(tokens))
      io_callback(report, None, tokens, ordered=True)
    state, logits = decode.advance(variables, state, tokens[:, None], last=True)
    return step + 1, state, logits, text.at[:, step].set(tokens), ended

  keys = jax.random.split(key, count)
  state, logits = begun(decode, variables, prompt, x, count)
  text = jnp.full((len(prompt), count), pad, prompt.dtype)
  ended = jnp.zeros(len(prompt), bool)
  carry = jax.lax.while_loop(unfinished, advance, (0, state, logits, text, ended))
  return carry[3]


@functools.partial(jax.jit, static_argnums=0)
def sum_of_logs(decode, variables, prompt, tokens, weight, x):
  state, first = begun(decode, variables, prompt, x, tokens.shape[1])
  logits = first[:, None]
  if tokens.shape[1] > 1:
    _, others = decode.advance(variables, state, tokens[:, :-1])
    logits = jnp.concatenate([logits, others], axis=1)
  chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), tokens[..., None], axis=-1)
  return jnp.sum(jnp.where(weight > 0, chosen[..., 0], 0) * weight, axis=1)
