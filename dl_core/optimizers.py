"""Parts of optimizers that optax leaves out, as optax transformations."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from dl_core.types import Array, Params


class Average(NamedTuple):
  """The state of `average`.

  Attributes:
    updates: how many there were.
    average: of the parameters after each of them.
  """

  updates: Array
  average: Params


def average(decay: float) -> optax.GradientTransformation:
  """Follows the parameters with an exponential moving average; changes no update.

  It goes last in a chain, so that it sees the updates as they are applied. Early on it
  forgets faster, at min(decay, (1 + t) / (10 + t)), so that the untrained parameters
  leave it soon.

  Args:
    decay: in [0, 1): the weight that the average before keeps.
  """

  def init(params):
    return Average(jnp.int32(0), jax.tree.map(jnp.array, params))

  def update(updates, state, params=None):
    assert params is not None, 'the average of parameters needs the parameters'
    t = state.updates
    kept = jnp.minimum(decay, (1 + t) / (10 + t))
    moved = optax.apply_updates(params, updates)
    mix = lambda old, new: kept * old + (1 - kept) * new  # noqa: E731
    return updates, Average(t + 1, jax.tree.map(mix, state.average, moved))

  return optax.GradientTransformation(init, update)


def averaged(state: Any) -> Params:
  """Returns the average that an `average` in the optimizers of a TrainState holds."""
  return optax.tree.get(state.opt_state, 'average')
