"""Language modelling: predicts every token from all the tokens before it.

Training cuts the text into pieces that begin with nothing remembered. Evaluation reads
a whole split, carrying the state from one window to the next, so that every token is
predicted once, and each from all of the past.
"""

from typing import Any

import jax
import jax.numpy as jnp

from dl_core import metrics
from dl_core.tasks import measures
from dl_core.tasks.precision import cast
from dl_core.tasks.supervised import Measure, supervised
from dl_core.types import Decode, Task


def language(model: Any, window: int, **reported: Measure) -> Task:
  """Makes the task of saying which token comes next: `y` is `x`, one token later.

  In training the loss is `supervised`'s: the mean cross entropy over all places, in
  nats, from a zero state.

  Args:
    model: called as model(x, train=...), and by its `advance`, from a state made by its
      `start`; see `models.char_lm`.
    window: how many tokens of each stream are evaluated at once. It bounds the memory
      that evaluation needs and changes no figure.
    **reported: what is reported beside the loss, under these names.

  Returns:
    The task. Its `metrics` reads a batch of S streams [S, L], each in order and padded
    at its end with weight 0.
  """
  if window < 1:
    raise ValueError(f'{window=} is not a number of tokens; it must be 1 or more')
  trained = supervised(model, **reported)
  reported = {'loss': measures.cross_entropy, **reported}

  def start(variables, batch_size):
    del variables  # a zero state is no parameter
    return model.start(batch_size)

  def advance(variables, state, tokens):
    state, logits = model.apply(variables, state, tokens, method='advance')
    return state, cast(logits, jnp.float32)

  def windows(stream):  # [S, L] -> [N, S, window]
    streams, length = stream.shape
    whole = jnp.pad(stream, ((0, 0), (0, -length % window)))
    return jnp.swapaxes(whole.reshape(streams, -1, window), 0, 1)

  def evaluate(variables, batch, key):
    del key  # nothing is drawn in evaluation

    def read(state, batch):
      state, logits = advance(variables, state, batch.x)
      sums = {
        name: metrics.weighted(measure(logits, batch.y), batch.weight)
        for name, measure in reported.items()
      }
      return state, sums

    pieces = jax.tree.map(windows, batch)
    _, sums = jax.lax.scan(read, start(variables, len(batch.x)), pieces)
    return jax.tree.map(lambda of_windows: jnp.sum(of_windows, axis=0), sums)

  return trained._replace(metrics=evaluate, decode=Decode(start, advance))
