"""Mixed precision: models compute in one dtype, parameters are stored in another.

Parameters, optimizer and metrics stay float32. What is handed to a model is lowered,
and a model computes in the type of its parameters; norms take their means in float32,
and what comes out is float32 again (`apply`), so that softmax and losses are, too.
"""

from typing import Any

import jax
import jax.numpy as jnp

from dl_core.types import Task


def cast(tree: Any, dtype: Any) -> Any:
  """Casts the floating-point arrays of a tree."""

  def one(leaf):
    floating = jnp.issubdtype(jnp.result_type(leaf), jnp.floating)
    return jnp.asarray(leaf, dtype) if floating else leaf

  return jax.tree.map(one, tree)


def computed_in(task: Task, precision: str) -> Task:
  """Makes the task that is trained and judged with its parameters in `precision`.

  Args:
    task: whose.
    precision: a name of `config.PRECISIONS`.
  """
  if precision == 'float32':
    return task

  def lowered(loss):
    return lambda params, *rest: loss(cast(params, precision), *rest)

  def metrics(variables, batch, key):
    params = cast(variables['params'], precision)
    return task.metrics({**variables, 'params': params}, batch, key)

  # Pictures and predictions, `outputs` and `decode`, stay float32.
  return task._replace(losses=tuple(map(lowered, task.losses)), metrics=metrics)
