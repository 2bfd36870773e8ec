"""log p of given continuations, as EleutherAI's lm-evaluation-harness computes it.

Gao et al., https://github.com/EleutherAI/lm-evaluation-harness: a text is encoded as a
whole and cut where its context ends, and the model reads all of it at once. Texts are
padded to few widths, so that few programs are compiled.

Shapes: N continuations; B of a batch, of T tokens with their contexts; W tokens of the
window.
"""

import collections
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import Array, Variables

NARROWEST = 32  # the smallest width; the others are its doubles, and W
TOKENS = 4_096  # of a batch with its padding, at most


class Pair(NamedTuple):
  """The tokens of a context, one or more, and those of its continuation."""

  context: np.ndarray
  continuation: np.ndarray


def pair(
  encode: Callable[[str], np.ndarray], context: str, continuation: str, end: int
) -> Pair:
  """Encodes a context and its continuation, which begins with the space between them.

  White space at the end of the context moves to the continuation. Where a token spans
  the join, it counts as context, unless nothing is left after it: then both are encoded
  apart.

  Args:
    encode: (text) -> its tokens.
    context: what is read first; may be empty.
    continuation: what is scored.
    end: the end-of-text token, which stands for an empty context.

  Raises:
    ValueError: the continuation has no token.
  """
  kept = context.rstrip()
  continuation = context[len(kept) :] + continuation
  whole, first = encode(kept + continuation), encode(kept)
  if len(whole) <= len(first):
    whole = np.concatenate([first, encode(continuation)])
  if len(whole) == len(first):
    raise ValueError(f'{continuation!r} has no token')
  before = whole[: len(first)] if len(first) else [end]
  return Pair(np.asarray(before, np.int32), np.asarray(whole[len(first) :], np.int32))


def scored(
  outputs: Callable[[Variables, Any], Array],
  variables: Variables,
  pairs: Sequence[Pair],
  window: int,
) -> np.ndarray:
  """Returns log p [N] of continuations after their contexts, in nats.

  Contexts that do not fit into the window are cut at the left.

  Args:
    outputs: (variables, tokens [B, T]) -> the logits [B, T, V] of the next tokens, each
      from the tokens before it alone; the same function at each call.
    variables: the model's.
    pairs: to score.
    window: W.

  Raises:
    ValueError: the window cannot hold a continuation.
  """
  found = np.zeros(len(pairs))
  groups = collections.defaultdict(list)
  for number, each in enumerate(pairs):
    length = len(each.continuation)
    if length > window:
      raise ValueError(f'{length} tokens do not fit into the window of {window}')
    read = min(len(each.context) + length - 1, window)
    groups[width_of(read, window)].append(number)
  for width, numbers in sorted(groups.items()):
    rows = max(1, TOKENS // width)
    for first in range(0, len(numbers), rows):
      some = numbers[first : first + rows]
      batch = padded([pairs[number] for number in some], rows, width)
      found[some] = np.asarray(sums(outputs, variables, *batch))[: len(some)]
  return found


def width_of(count: int, window: int) -> int:
  """Returns the smallest width that holds so many tokens, of those in use."""
  width = NARROWEST
  while width < count:
    width *= 2
  return min(width, window)


def padded(
  pairs: Sequence[Pair], rows: int, width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Lays out texts as x [rows, width], y, one token later, and weight.

  The weight is 1 where y is a token of a continuation.
  """
  x, y = np.zeros((2, rows, width), np.int32)
  weight = np.zeros((rows, width), np.float32)
  for row, each in enumerate(pairs):
    text = np.concatenate([each.context, each.continuation])[-(width + 1) :]
    last = len(text) - 1
    x[row, :last], y[row, :last] = text[:-1], text[1:]
    weight[row, last - len(each.continuation) : last] = 1
  return x, y, weight


@functools.partial(jax.jit, static_argnums=0)
def sums(outputs, variables, x, y, weight):
  logits = outputs(variables, x)
  chosen = jnp.take_along_axis(logits, y[..., None], axis=-1)[..., 0]
  logs = chosen - jax.nn.logsumexp(logits, axis=-1)
  return jnp.sum(jnp.where(weight > 0, logs, 0), axis=1)
