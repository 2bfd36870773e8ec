"""Lists of word pairs: demonstrations of a task, from which to tell what comes next.

Each list has a task of its own and shows it by examples: N - 1 pairs, then a word whose
answer is wanted. Every word is one token.

Shapes: B lists, N pairs of each, V tokens in the vocabulary. A list x [B, 2N] is a
head, then N pairs without the last word; y is x, one token later.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from dl_core.data import drawn
from dl_core.types import Array, Batch, Data, Key

START = 0  # the head of a list without a description

Lists = tuple[Array, Array, Array]  # x, y and weight, 1 where y is an answer


class Demonstrations(NamedTuple):
  """A distribution of lists.

  Attributes:
    source: name and version.
    words: of each token.
    draw: (key, B, split) -> Lists.
    batches: batches of each split.
    optimum: (x) -> float [B, N], the probability of the best answer after 0 to N - 1
      shots.
    notes: see `Data`.
  """

  source: str
  words: tuple[str, ...]
  draw: Callable[[Key, int, str], Lists]
  batches: int
  optimum: Callable[[np.ndarray], np.ndarray]
  notes: tuple[str, ...]


def data(lists: Demonstrations, batch_size: int) -> Data:
  """Makes the Data of a distribution, whose splits are drawn as `lists.draw` says."""

  def baseline(batch: Batch) -> dict[str, float]:
    counts = np.bincount(batch.y[batch.weight > 0])
    return {'accuracy': float(counts.max() / counts.sum())}

  def of(split: str) -> Data:
    draw = lambda key, size: lists.draw(key, size, split)
    return drawn.computed(
      lists.source, draw, batch_size, lists.batches, baseline, lists.notes
    )

  parts = {split: of(split) for split in drawn.SPLITS}
  found, size = parts['train'], len(lists.words)
  spec = found.spec._replace(
    tokens=found.spec.batch.x.shape[1], limits=Batch(size, size, 0)
  )
  return found._replace(
    spec=spec,
    splits={split: part.splits[split] for split, part in parts.items()},
    baseline=parts['test'].baseline,
    write=lambda tokens, decoder=None: ' '.join(lists.words[token] for token in tokens),
  )


def joined(head: Array, sources: Array, answers: Array) -> Lists:
  """Joins heads [B], first words [B, N] and second words [B, N] to x, y and weight."""
  y = jnp.stack([sources, answers], axis=2).reshape(len(head), -1).astype(jnp.int32)
  x = jnp.concatenate([head[:, None].astype(jnp.int32), y[:, :-1]], axis=1)
  weight = jnp.arange(y.shape[1], dtype=jnp.float32) % 2
  return x, y, jnp.broadcast_to(weight, y.shape)
