"""Runs a linen module inside a task."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.tasks.precision import cast
from dl_core.types import Extra, Key, Params


def apply(
  model: nn.Module, params: Params, extra: Extra, *inputs: Any, key: Key | None = None
) -> tuple[Any, Extra]:
  """Runs `model` in the type of its parameters; a key means training.

  Returns:
    Its output, in float32, and its untrained collections (running statistics), moved in
    training.
  """
  training = key is not None
  kind = jnp.result_type(*jax.tree.leaves(params))
  output, moved = model.apply(
    {'params': params, **extra},
    *cast(inputs, kind),
    train=training,
    mutable=list(extra) if training else [],  # a list, even an empty one, yields a pair
    rngs={} if key is None else {'dropout': key},
  )
  return cast(output, jnp.float32), {**extra, **moved}
