"""Length classes: a batch is cut to the shortest width that holds its sequences.

Batches keep one shape outside, so nothing compiles twice and runs resume as before.
Inside the compiled step, the lengths of a batch choose one of a few crops. This saves
time where the sequences of a batch have like length (`permutations.rows`).

Shapes: B sequences, T steps, the width of a batch as it comes.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from dl_core import metrics
from dl_core.types import Array, Batch, Task


def cut(
  task: Task,
  widths: Sequence[int],
  axes: Batch,
  lengths: Callable[[Batch], Array],
) -> Task:
  """Makes the task that computes on the first steps of its batches alone.

  It is equal to the task itself if that ignores the steps after the end of a sequence.
  The loss is a switch whose branches compute the value and its gradient together: the
  gradient of a switch would keep what every branch saves for its backward pass
  (https://github.com/jax-ml/jax/issues/2775), and costs three times as much. So a loss
  has its gradient with respect to the parameters and no other, of first order; with
  respect to anything else it is 0.

  The tokens of the sequences, without their padding, are counted beside the metrics.
  Under `jax.vmap` a switch computes all branches. `flops.count` counts the widest one.

  Args:
    task: whose losses and metrics; `outputs` and `decode` read what they are given.
    widths: the classes, in rising order; the last is T. A leaf with other steps than T
      is cut to the same share of them, rounded up: sources and targets, for example.
    axes: which axis of each leaf of a batch is time: integers, or a prefix of the
      pytree of a batch; None for leaves without one.
    lengths: (batch) -> integers [B], the steps up to the end of each sequence, all of
      its leaves together, each out of T.

  Raises:
    ValueError: the widths do not rise, or (when traced) the last one is not T.
  """
  widths = tuple(widths)
  if (
    not widths
    or widths[0] < 1
    or any(wide <= narrow for narrow, wide in itertools.pairwise(widths))
  ):
    raise ValueError(f'{widths=} must be positive and rise, and there must be one')

  def chosen(batch):
    longest = jnp.max(lengths(batch))
    return jnp.sum(longest > jnp.array(widths[:-1], longest.dtype))

  def crop(batch, width):
    nothing = lambda axis: axis is None
    spread = jax.tree.broadcast(axes, batch, is_leaf=nothing)
    steps = jax.tree.map(
      lambda axis, leaf: 0 if axis is None else leaf.shape[axis],
      spread,
      batch,
      is_leaf=nothing,
    )
    sizes = sorted(set(jax.tree.leaves(steps)) - {0})
    if widths[-1] not in sizes:
      raise ValueError(
        f'the leaves of a batch have {sizes} steps, so the last of {widths=} must be '
        f'{sizes[-1]}'
      )

    def one(axis, leaf):
      if axis is None:
        return leaf
      size = -(-leaf.shape[axis] * width // widths[-1])
      return jax.lax.slice_in_dim(leaf, 0, size, axis=axis)

    return jax.tree.map(one, spread, batch, is_leaf=nothing)

  def counted(batch):
    real = metrics.labelled(batch.weight)
    return {metrics.READ: (jnp.sum(lengths(batch) * real), jnp.sum(real))}

  def switched(function, before, batch, key):
    """Calls function(*before, crop, key) on the narrowest crop that will do."""
    branches = [
      lambda before, batch, key, width=width: function(*before, crop(batch, width), key)
      for width in widths
    ]
    return jax.lax.switch(chosen(batch), branches, before, batch, key)

  def measured(variables, batch, key):
    sums = switched(task.metrics, (variables,), batch, key)
    return sums | counted(batch)

  def lost(loss):
    cut_loss = with_gradient(loss, switched)

    def run(params, extra, batch, key):
      value, (extra, sums) = cut_loss(params, extra, batch, key)
      return value, (extra, sums | counted(batch))

    return run

  return task._replace(losses=tuple(map(lost, task.losses)), metrics=measured)


def with_gradient(loss: Callable, switched: Callable) -> Callable:
  """Makes a loss whose forward pass has computed the gradient already.

  Args:
    loss: of a task.
    switched: (function, arguments before the batch, batch, key) -> what the function
      returns of a crop of the batch.
  """
  graded = jax.value_and_grad(loss, has_aux=True)

  @jax.custom_vjp
  def value(params: Any, extra: Any, batch: Batch, key: Array) -> Any:
    return switched(loss, (params, extra), batch, key)

  def forward(params, extra, batch, key):
    return switched(graded, (params, extra), batch, key)

  def backward(gradient, cotangents):
    of_value, _ = cotangents  # the metrics are no part of what is minimised
    scaled = jax.tree.map(lambda leaf: (leaf * of_value).astype(leaf.dtype), gradient)
    return scaled, None, None, None

  value.defvjp(forward, backward)
  return value
