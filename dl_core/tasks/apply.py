"""Runs a linen module inside a task."""

from typing import Any

from flax import linen as nn

from dl_core.types import Extra, Key, Params


def apply(
  model: nn.Module, params: Params, extra: Extra, *inputs: Any, key: Key | None = None
) -> tuple[Any, Extra]:
  """Runs `model`; a key means training.

  Returns:
    Its output, and its untrained collections (running statistics), moved in training.
  """
  training = key is not None
  output, moved = model.apply(
    {'params': params, **extra},
    *inputs,
    train=training,
    mutable=list(extra) if training else [],  # a list, even an empty one, yields a pair
    rngs={} if key is None else {'dropout': key},
  )
  return output, {**extra, **moved}
