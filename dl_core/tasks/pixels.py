"""Exact log p(x) of images, and sampling pixel by pixel in one dispatch.

Shapes: B images, H x W pixels, C colours, K levels.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dl_core.data import views
from dl_core.tasks import measures
from dl_core.tasks.apply import apply, untrained
from dl_core.tasks.information import bits
from dl_core.tasks.supervised import supervised
from dl_core.types import Array, Key, Task, Variables


def density(model: nn.Module) -> Task:
  """Makes the task of modelling the density of images; `batch.y` holds their levels.

  `loss` is -log p(x) in nats per image; `bits` is the same in bits per value.

  Args:
    model: maps `batch.x` to logits [B, H, W, C, K] of each value given those before it.
  """
  return supervised(model, nats, bits=bits_of_a_value)


def nats(logits: Array, levels: Array) -> Array:
  """-log p(x). Shapes: [B, H, W, C, K], [B, H, W, C] -> [B]."""
  return jnp.sum(measures.cross_entropy(logits, levels), axis=(1, 2, 3))


def bits_of_a_value(logits: Array, levels: Array) -> Array:
  """-log2 p(x) / (H W C). Shapes: as in `nats`."""
  return bits(nats(logits, levels)) / levels[0].size


@functools.partial(jax.jit, static_argnums=(0, 4))
def written(
  model: nn.Module,
  variables: Variables,
  levels: Array | np.ndarray,
  known: Array | np.ndarray,
  count: int,
  key: Key,
  classes: Array | np.ndarray | None = None,
) -> Array:
  """Samples the unknown values of images, one after another.

  Args:
    model, variables: see `density`.
    levels: int32 [B, H, W, C]; unknown values are ignored.
    known: bool [H, W, C].
    count: K.
    key: draws the values.
    classes: [B], of the images, for a model that reads them.

  Returns:
    Levels [B, H, W, C].
  """
  run: Any = functools.partial(apply, model, variables['params'], untrained(variables))
  shape = levels.shape[1:]
  scale = float(count - 1)

  def step(place, levels):
    row, column, colour = jnp.unravel_index(place, shape)
    logits, _ = run(views.beside(levels / scale, classes), train=False)
    drawn = jax.random.categorical(
      jax.random.fold_in(key, place), logits[:, row, column, colour]
    )
    kept = known[row, column, colour]
    old = levels[:, row, column, colour]
    return levels.at[:, row, column, colour].set(jnp.where(kept, old, drawn))

  start = jnp.where(known[None], levels, 0)
  return jax.lax.fori_loop(0, int(np.prod(shape)), step, start)
