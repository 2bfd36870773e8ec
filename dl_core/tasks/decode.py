"""Autoregressive sampling from a language model, in one dispatch."""

import functools
from collections.abc import Callable
from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import io_callback

from dl_core.types import Array, Decode, Key, Variables


def generate(
  decode: Decode,
  variables: Variables,
  prompt: Array | np.ndarray,
  count: int,
  key: Key,
  temperature: float = 1.0,
  tell: Callable[[np.ndarray], Any] | None = None,
) -> Array:
  """Goes on with B texts. The same key writes the same text.

  Args:
    decode: how the model reads and what it remembers.
    variables: the model's.
    prompt: [B, P] tokens, P >= 1, which are read first.
    count: how many tokens are written after the prompt.
    key: what they are drawn with.
    temperature: by which the logits are divided: below 1 the likely tokens become
      likelier; 0 writes the likeliest each time.
    tell: called on the host with the tokens [B] of each step as they are made, in
      order, while the device goes on writing.

  Returns:
    [B, count] tokens, without the prompt.

  Raises:
    ValueError: if there is no prompt, or the temperature is negative.
  """
  chex.assert_rank(prompt, 2)
  if not prompt.shape[1]:
    raise ValueError('the prompt is empty; give at least one token to go on from')
  if temperature < 0:
    raise ValueError(f'{temperature=} is negative; 0 writes the likeliest tokens')
  text = write(decode, count, tell, variables, prompt, key, float(temperature))
  if tell is not None:
    jax.effects_barrier()  # all is told when this returns
  return text


def shown(token: str) -> str:
  """Returns a token as it may go to a terminal: control characters are spelt out."""
  return token if token.isprintable() or token in '\n\t' else ascii(token)[1:-1]


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def write(decode, count, tell, variables, prompt, key, temperature):
  def draw(key, logits):  # [B, V] -> [B]
    scaled = logits / jnp.where(temperature > 0, temperature, 1.0)
    drawn = jax.random.categorical(key, scaled)
    return jnp.where(temperature > 0, drawn, jnp.argmax(logits, axis=-1))

  def step(carry, key):
    state, logits = carry
    tokens = draw(key, logits).astype(prompt.dtype)
    if tell is not None:
      report = lambda tokens: tell(np.asarray(tokens))
      io_callback(report, None, tokens, ordered=True)
    state, logits = decode.advance(variables, state, tokens[:, None])
    return (state, logits[:, -1]), tokens

  state = decode.start(variables, len(prompt))
  state, logits = decode.advance(variables, state, prompt)
  keys = jax.random.split(key, count)
  _, tokens = jax.lax.scan(step, (state, logits[:, -1]), keys)
  return tokens.T
