"""Gradient descent on squared errors, written as a quadratic form of the weights.

Shapes: N examples, F columns.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import optax


def descent(x: Any, y: Any, make: Callable, size: Any = 1.0) -> tuple[Any, Callable]:
  """Makes gradient descent from w = 0 on the mean of ½(x·w - y)².

  Args:
    x, y: standardised inputs [N, F] and numbers [N], so that the intercept is 0.
    make: (rate) -> the optimizer.
    size: the learning rate over the largest stable one.

  Returns:
    The initial (weights [F, 1], optimizer state), and a step to the next ones.
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
