"""A penalty on parameters as part of the loss, in training and in evaluation."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from dl_core.types import Array, Metrics, Params, Task, Variables


def penalised(task: Task, penalty: Callable[[Params], Array]) -> Task:
  """Makes a task that adds a penalty to another task's loss.

  The loss of validation has it too, so what stops a run by it sees what is minimised.

  Args:
    task: has one loss.
    penalty: (parameters) -> scalar.
  """
  (loss,) = task.losses

  def added(sums: Metrics, params: Params) -> Metrics:
    total, weight = sums['loss']
    return {**sums, 'loss': (total + weight * penalty(params), weight)}

  def own(params, extra, batch, key):
    value, (extra, sums) = loss(params, extra, batch, key)
    return value + penalty(params), (extra, added(sums, params))

  def metrics(variables: Variables, batch, key):
    return added(task.metrics(variables, batch, key), variables['params'])

  return task._replace(losses=(own,), metrics=metrics)


def half_squares(strength: float, params: Params) -> Array:
  """Returns strength · ½ Σ w² over the leaves of a tree."""
  squares = [jnp.sum(leaf**2) for leaf in jax.tree.leaves(params)]
  return strength / 2 * jnp.sum(jnp.stack(squares))
