"""Sentences about something: trained with the right words before each, then written.

In training a model reads the words that were right ("teacher forcing"), in use those
that it wrote itself. Likelihoods are of the former, sentences of the latter.

Shapes: B examples, T tokens of the longest sentence.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from dl_core import metrics
from dl_core.tasks import beam as search
from dl_core.tasks import decode as decoding
from dl_core.tasks.precision import cast
from dl_core.tasks.supervised import Measure, supervised
from dl_core.types import Array, Decode, Marks, Task

metrics.declare('exact', fraction=True)


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

  def advance(variables, state, tokens, last=False):
    state, logits = model.apply(variables, state, tokens, last, method='advance')
    return state, cast(logits, jnp.float32)

  decode = Decode(start, advance)

  def outputs(variables, x):
    first = jnp.full_like(x['words'][:, :1], marks.start)
    how: Any = {'x': x, 'stop': marks.stop, 'pad': marks.pad}
    if width > 1:
      found = search.beam(decode, variables, first, length, width, **how)
      tokens = found.tokens[:, 0]
    else:
      key = jax.random.key(0)  # the likeliest token is not drawn
      tokens = decoding.generate(decode, variables, first, length, key, 0.0, **how)
    if not attends:
      return Written(tokens)
    words = jnp.concatenate([first, tokens[:, :-1]], axis=1)
    return Written(
      tokens, model.apply(variables, x | {'words': words}, method='weights')
    )

  return trained._replace(outputs=outputs, decode=decode)


def exact(said: Any, wanted: Any, weight: Any) -> Any:
  """Returns booleans [B]: whether all tokens that count are as wanted.

  Args:
    said, wanted: tokens [B, T].
    weight: [B, T], 0 where a token does not count.
  """
  return ((said == wanted) | (weight == 0)).all(axis=1)
