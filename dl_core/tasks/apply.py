"""Runs a linen module inside a task."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.tasks.precision import cast
from dl_core.types import Extra, Key, Params, Variables


def apply(
  model: nn.Module,
  params: Params,
  extra: Extra,
  *inputs: Any,
  key: Key | None = None,
  train: bool | None = None,
  method: str | None = None,
) -> tuple[Any, Extra]:
  """Runs `model` in the type of its parameters.

  Only `inputs` are cast to that type. What is no number to the model, such as boxes in
  pixels, a task keeps to itself, between two calls of methods of the model.

  Args:
    model, params, extra: the module and its variables.
    *inputs: what the method reads.
    key: what the random streams `dropout` (in training alone) and `draw` (in evaluation
      too) come from.
    train: whether it runs in training mode; by default where there is a key.
    method: name of the method; by default the model is called.

  Returns:
    Its output, in float32, and its untrained collections (running statistics), moved in
    training.
  """
  training = key is not None if train is None else train
  kind = jnp.result_type(*jax.tree.leaves(params))
  streams = {}
  if key is not None:
    streams = {'draw': jax.random.fold_in(key, 1)}
    if training:
      streams['dropout'] = key
  output, moved = model.apply(
    {'params': params, **extra},
    *cast(inputs, kind),
    train=training,
    mutable=list(extra) if training else [],  # a list, even an empty one, yields a pair
    rngs=streams,
    method=method,
  )
  return cast(output, jnp.float32), {**extra, **moved}


def untrained(variables: Variables) -> Extra:
  """Returns all collections of variables but the parameters."""
  return {name: tree for name, tree in variables.items() if name != 'params'}
