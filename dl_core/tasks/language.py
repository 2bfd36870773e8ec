"""Language modelling: predicts every token from the tokens before it.

Training cuts the text into pieces that begin with nothing remembered. Evaluation reads
a whole split, window by window, so that every token is predicted once. How much of the
past a prediction may use is the `context`, and no figure means anything without it.
"""

from typing import Any

import jax
import jax.numpy as jnp

from dl_core import metrics
from dl_core.tasks import contexts, measures
from dl_core.tasks import decode as decoding
from dl_core.tasks.supervised import Measure, supervised
from dl_core.types import Task


def language(
  model: Any,
  window: int,
  context: str = 'carried',
  counted: bool = False,
  axes: Any = 0,
  **reported: Measure,
) -> Task:
  """Makes the task of saying which token comes next: `y` is `x`, one token later.

  In training the loss is `supervised`'s: the mean cross entropy over all places, in
  nats, from a zero state.

  Args:
    model: called as model(x, train=...); by its `start(B, length)`, which returns the
      state of B texts that will have `length` tokens at most; and by its
      `advance(state, x, last)`; see `models.char_lm`.
    window: how many tokens of each stream are evaluated at once.
    context: what evaluation predicts from, one of `contexts.ALL`. Where the state is
      carried, the window bounds the memory that evaluation needs and changes no figure.
    counted: whether the weight of a batch is {'tokens': what each token counts,
      'characters': how many characters each token spells}, not an array alone. Then
      `nats_per_character` is reported too: the nats of all tokens over their
      characters, which can be compared between vocabularies.
    axes: where the state has its B, see `Decode`.
    **reported: what is reported beside the loss, under these names.

  Returns:
    The task. Its `metrics` reads a batch of S streams [S, L], each in order and padded
    at its end with weight 0.

  Raises:
    ValueError: the window is no number of tokens, or does not suit the context.
  """
  if window < 1:
    raise ValueError(f'{window=} is not a number of tokens; it must be 1 or more')
  if context not in contexts.ALL:
    raise ValueError(f'{context=} is not one of {", ".join(contexts.ALL)}')
  if context == 'half' and window % 2:
    raise ValueError(f'{window=} is odd; windows that overlap by half are even')
  trained = supervised(model, **reported)
  outputs, reported = trained.outputs, {'loss': measures.cross_entropy, **reported}
  assert outputs, 'supervised tasks have outputs'

  def start(variables, x, length):
    del variables  # a zero state is no parameter
    return model.start(1 if x is None else len(x), length)

  decode = decoding.of(model, start, axes)

  def judged(logits, batch):
    weight = batch.weight['tokens'] if counted else batch.weight
    sums = {
      name: metrics.weighted(measure(logits, batch.y), weight)
      for name, measure in reported.items()
    }
    return sums | (per_character(sums, batch.weight) if counted else {})

  def evaluate(variables, batch, key):
    del key  # nothing is drawn in evaluation

    def carried(state, piece):
      state, logits = decode.advance(variables, state, piece.x)
      return state, judged(logits, piece)

    def alone(_, piece):
      return (), judged(outputs(variables, piece.x), piece)

    pieces = contexts.cut(batch, window, context)
    if context == 'carried':
      _, sums = jax.lax.scan(carried, start(variables, batch.x, window), pieces)
    else:
      _, sums = jax.lax.scan(alone, (), pieces)
    return jax.tree.map(lambda of_windows: jnp.sum(of_windows, axis=0), sums)

  def loss(params, extra, batch, key):
    tokens = batch._replace(weight=batch.weight['tokens'])
    value, (extra, sums) = trained.losses[0](params, extra, tokens, key)
    return value, (extra, sums | per_character(sums, batch.weight))

  return trained._replace(
    losses=(loss,) if counted else trained.losses,
    metrics=evaluate,
    decode=decode,
  )


def per_character(sums: Any, weight: Any) -> Any:
  """Returns the metric {nats_per_character: (nats, characters)} of weighed tokens."""
  tokens, characters = weight['tokens'], weight['characters']
  return {'nats_per_character': (sums['loss'][0], jnp.sum(tokens * characters))}
