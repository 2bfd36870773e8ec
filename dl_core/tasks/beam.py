"""Beam search: the likeliest text that a model can write, searched for W at a time.

Shapes: B texts, W beams of each, T tokens at most, V tokens in the vocabulary.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.tasks import decode as decoding
from dl_core.types import Array, Decode, Variables

NEVER = -1e30  # log p of beams that are none; -inf would make NaN of differences


class Beams(NamedTuple):
  """The best texts that were found, the best one first.

  Attributes:
    tokens: [B, W, T], up to the stop token and with it; padding follows.
    scores: [B, W], log p over the length penalty; NEVER where there is no such text.
    log_p: [B, W], in nats.
  """

  tokens: Array
  scores: Array
  log_p: Array


def beam(
  decode: Decode,
  variables: Variables,
  prompt: Array | np.ndarray,
  count: int,
  width: int,
  *,
  x: Any = None,
  stop: int | None = None,
  pad: int = 0,
  alpha: float = 0.0,
) -> Beams:
  """Searches for the continuations of B prompts of the highest score.

  The score of a text of n tokens is log p / ((5 + n) / 6)^α (Wu et al. 2016,
  https://arxiv.org/abs/1609.08144, equation 14). At each step the best 2W extensions
  are considered: those of the first W that end are finished, and the best W that do not
  end go on, so that W go on however many end. A prompt's search ends when none that
  goes on could still beat the worst of W finished, even at the full length. Texts that
  reach the full length without a stop token count as they are.

  With α = 0 a width of 1 is greedy decoding; a width of V^T is exhaustive search. In
  between, a wider search finds a likelier text nearly always, and not by necessity.

  Args:
    decode, variables, prompt, x: see `decode.generate`.
    count: T.
    width: W.
    stop: the token that ends a text; None: all texts have T tokens.
    pad: what follows it.
    alpha: α, the strength of the length normalisation; 0: none.

  Raises:
    ValueError: if there is no prompt, or a setting is out of its bounds.
  """
  decoding.check(prompt)
  if width < 1 or count < 1 or alpha < 0:
    raise ValueError(
      f'{width=}, {count=}, {alpha=}: at least 1, 1 and 0 are wanted in a beam search'
    )
  leaves, shape = jax.tree.flatten(decode.axes, is_leaf=lambda axis: axis is None)
  found = search(
    (decode.start, decode.advance, tuple(leaves), shape),
    (count, width, stop, pad, float(alpha)),
    variables,
    prompt,
    x,
  )
  return Beams(*found)


class Search(NamedTuple):
  """A search after some steps: W texts that go on, and W that are finished."""

  step: Any
  state: Any  # of B · W texts
  logits: Array  # [B, W, V] of the next token
  tokens: Array  # [B, W, T]
  log_p: Array  # [B, W]
  finished: Beams


@functools.partial(jax.jit, static_argnums=(0, 1))
def search(model, options, variables, prompt, x):
  count, width, stop, pad, alpha = options
  start, advance, leaves, shape = model
  decode = Decode(start, advance, jax.tree.unflatten(shape, leaves))
  texts = len(prompt)
  penalty = lambda length: ((5 + length) / 6) ** alpha

  def unfinished(now: Search):
    best = jnp.max(now.log_p, axis=1) / penalty(count)  # the penalty of log p < 0
    settled = jnp.min(now.finished.scores, axis=1) >= best
    return (now.step < count) & ~jnp.all(settled)

  def extend(now: Search) -> Search:
    vocabulary = now.logits.shape[-1]
    sums = now.log_p[..., None] + jax.nn.log_softmax(now.logits)  # [B, W, V]
    most = min(2 * width, width * vocabulary)
    log_p, places = jax.lax.top_k(sums.reshape(texts, -1), most)  # [B, 2W]
    parents, chosen = places // vocabulary, places % vocabulary
    tokens = taken(now.tokens, parents).at[..., now.step].set(chosen)
    ends = jnp.zeros(chosen.shape, bool) if stop is None else chosen == stop
    ending = ends & (jnp.arange(most)[None] < width) & (log_p > NEVER / 2)
    finished = best_of(
      width,
      now.finished,
      Beams(tokens, jnp.where(ending, log_p / penalty(now.step + 1), NEVER), log_p),
    )
    log_p, places = jax.lax.top_k(jnp.where(ends, NEVER, log_p), width)
    tokens, parents = taken(tokens, places), taken(parents, places)
    last = taken(chosen, places).reshape(-1, 1).astype(prompt.dtype)
    rows = (jnp.arange(texts)[:, None] * width + parents).reshape(-1)
    state = along(decode.axes, now.state, lambda leaf, axis: leaf.take(rows, axis))
    state, logits = decode.advance(variables, state, last, last=True)
    logits = logits.reshape(texts, width, vocabulary)
    return Search(now.step + 1, state, logits, tokens, log_p, finished)

  state, logits = decoding.begun(decode, variables, prompt, x, count)
  state = along(decode.axes, state, lambda leaf, axis: leaf.repeat(width, axis))
  nothing = jnp.full((texts, width), NEVER)
  blank = jnp.full((texts, width, count), pad, prompt.dtype)
  begun = Search(
    0,
    state,
    logits[:, None].repeat(width, 1),
    blank,
    nothing.at[:, 0].set(0.0),  # all beams are one text at first
    Beams(blank, nothing, nothing),
  )
  last = jax.lax.while_loop(unfinished, extend, begun)
  whole = (last.step == count) & (last.log_p > NEVER / 2)
  scores = jnp.where(whole, last.log_p / penalty(count), NEVER)
  return best_of(width, last.finished, Beams(last.tokens, scores, last.log_p))


def best_of(width: int, *several: Beams) -> Beams:
  """Returns the W beams of the highest scores among several sets of beams."""
  joined = Beams(
    *(jnp.concatenate(parts, axis=1) for parts in zip(*several, strict=True))
  )
  scores, places = jax.lax.top_k(joined.scores, width)
  return Beams(taken(joined.tokens, places), scores, taken(joined.log_p, places))


def taken(values: Array, places: Array) -> Array:
  """Takes values [B, N, ...] at places [B, M] of the second axis: [B, M, ...]."""
  return jax.vmap(lambda row, where: row[where])(values, places)


def along(axes: Any, state: Any, change: Any) -> Any:
  """Changes each leaf of a state along its axis of the batch; see `Decode.axes`."""

  def part(axis, tree):
    if axis is None:
      return tree
    return jax.tree.map(lambda leaf: change(leaf, axis), tree)

  return jax.tree.map(part, axes, state, is_leaf=lambda axis: axis is None)
