"""How much of the past a language model predicts from when it is evaluated.

Shapes: S streams of L tokens, cut into N windows.
"""

from types import MappingProxyType

import jax
import jax.numpy as jnp

from dl_core.types import Array, Batch

ALL = MappingProxyType(
  {
    'carried': 'each token from all tokens before it: the state is carried from one '
    'window to the next',
    'window': 'each token from those before it in windows of {window:,} tokens that do '
    'not overlap',
    'half': 'each token from those before it in windows of {window:,} tokens that '
    'overlap by half: the second half of each window counts, of the first window both',
  }
)


def note(window: int, context: str) -> str:
  """Returns the sentence that belongs beside the figures of an evaluation."""
  return f'Evaluation predicts {ALL[context].format(window=window)}.'


def cut(batch: Batch, window: int, context: str) -> Batch:
  """Cuts streams [S, L] into N windows [N, S, window], padded at weight 0.

  Windows that overlap by half have weight 0 in their first half, but for the first one.
  """
  step = window // 2 if context == 'half' else window
  length = batch.x.shape[1]
  count = max(1, -(-(length - window) // step) + 1)
  places = jnp.arange(count)[:, None] * step + jnp.arange(window)[None]  # [N, window]

  def windows(stream: Array) -> Array:
    short = (count - 1) * step + window - length
    whole = jnp.pad(stream, ((0, 0), (0, short)))
    return jnp.swapaxes(whole[:, places], 0, 1)

  batch = jax.tree.map(windows, batch)
  if context != 'half':
    return batch
  old = (jnp.arange(count)[:, None] > 0) & (jnp.arange(window)[None] < step)
  fresh = lambda weight: jnp.where(old[:, None], 0, weight)
  return batch._replace(weight=jax.tree.map(fresh, batch.weight))
