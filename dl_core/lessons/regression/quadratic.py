"""Squared errors as what they are of the weights, a quadratic form, and its descent.

Shapes: N examples, F columns.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import optax


def descent(x: Any, y: Any, make: Callable, size: Any = 1.0) -> tuple[Any, Callable]:
  """Makes descent from w = 0 on the mean of ½(x·w - y)².

  Args:
    x, y: standardised inputs [N, F] and numbers [N], so that no intercept is wanted.
    make: (rate) -> the optimizer.
    size: the rate, over the largest one that cannot overshoot.

  Returns:
    Weights [F, 1] and the optimizer's state at first, and a step from such to the next.
  """
  x, y = jnp.asarray(x), jnp.asarray(y)
  curvature, slope = x.T @ x / len(x), x.T @ y[:, None] / len(x)
  optimizer = make(size / jnp.linalg.norm(curvature, 2))

  def step(carried):
    w, state = carried
    updates, state = optimizer.update(curvature @ w - slope, state, w)
    return optax.apply_updates(w, updates), state

  start = jnp.zeros_like(slope)
  return (start, optimizer.init(start)), step
