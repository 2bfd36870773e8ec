"""Sentences about something: trained with the right words before each, then written.

In training a model reads the words that were right ("teacher forcing"), in use those
that it wrote itself. Likelihoods are of the former, sentences of the latter.

Shapes: B examples, T tokens of the longest sentence.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from dl_core.tasks import decode as decoding
from dl_core.tasks import translation
from dl_core.tasks.supervised import Measure, supervised
from dl_core.types import Array, Marks, Task


class Written(NamedTuple):
  """What a model writes of B examples.

  Attributes:
    tokens: [B, T], a stop token after the last word, then padding.
    weights: [B, T, ...], what the model attended to before each token; None where it
      has no attention.
  """

  tokens: Array
  weights: Array | None = None


def conditioned(
  model: Any,
  marks: Marks,
  length: int,
  *,
  width: int = 1,
  attends: bool = False,
  **reported: Measure,
) -> Task:
  """Makes the task of saying sentences `batch.y` [B, T] of `batch.x`.

  Args:
    model: called as model(x, train=...), where x['words'] [B, T] holds the token before
      each of y; by its `begin(x)`, which returns the state before the first token; by
      its `advance(state, tokens, last)`; and by its `weights(x)`, if it attends.
    marks: the tokens around a sentence.
    length: T.
    width: beams of the search for the likeliest sentence; 1: greedy decoding.
    attends: whether the model has attention to show.
    **reported: what is reported beside the loss, under these names.

  Returns:
    The task, whose outputs are `Written`.
  """
  trained = supervised(model, **reported)

  def start(variables, x, length):
    del length  # a recurrent state does not depend on it
    return model.apply(variables, x, method='begin')

  decode = decoding.of(model, start)
  # Compiled: eagerly, each call would compile its loops anew.
  weights = jax.jit(lambda variables, x: model.apply(variables, x, method='weights'))

  def outputs(variables, x):
    tokens = translation.written(decode, variables, x, length, marks, width)
    if not attends:
      return Written(tokens)
    first = jnp.full_like(x['words'][:, :1], marks.start)
    words = jnp.concatenate([first, tokens[:, :-1]], axis=1)
    return Written(tokens, weights(variables, x | {'words': words}))

  return trained._replace(outputs=outputs, decode=decode)
