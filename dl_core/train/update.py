"""The one train step: every player's turn in order, kept only if it is finite."""

import functools
from collections.abc import Callable
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax
from jax.interpreters import partial_eval

from dl_core.train import stopping
from dl_core.types import Array, Batch, Experiment, Extra, Key, Metrics, Params, Task
from dl_core.types import Variables as Variables

DATA = 2**32 - 1  # a run's key is folded with the step, which never gets here


class TrainState(flax.struct.PyTreeNode):
  """All that a run is, at one step. Arrays only."""

  step: Array  # int32 []
  params: Params
  extra: Extra
  opt_state: tuple
  key: Key
  # int32 [3]: updates skipped in all, in a row just now, and the step at which too many
  # in a row began, -1 while that has not happened.
  skipped: Array

  @property
  def variables(self) -> Variables:
    return {'params': self.params, **self.extra}


def init_state(experiment: Experiment, key: Key) -> TrainState:
  """Returns the state before the first step."""
  task, optimizers, spec = experiment.task, experiment.optimizers, experiment.data.spec
  batch = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), spec.batch)
  init_key, key = jax.random.split(key)
  variables = dict(task.init(init_key, batch))
  params = variables.pop('params')
  opt_state = tuple(optimizer.init(params) for optimizer in optimizers)
  return TrainState(
    jnp.int32(0), params, variables, opt_state, key, jnp.array([0, 0, -1], jnp.int32)
  )


def shapes(experiment: Experiment) -> TrainState:
  """Returns a state as shapes and types; nothing is computed."""
  init = functools.partial(init_state, experiment)
  return jax.eval_shape(init, jax.random.key(experiment.config.seed))


def make_update(task: Task, optimizers: tuple) -> Callable:
  """Makes one step, (state, batch) -> (state, metrics): every player's turn, in order.

  It is pure and not yet compiled. Where a loss or its gradient is not finite, nothing
  of the state moves but the step, and `skipped` counts.
  """

  def update(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
    key = jax.random.fold_in(state.key, state.step)
    params, extra, good = state.params, state.extra, jnp.array(True)
    opt_states: list = []
    sums: Metrics = {}
    turns = zip(task.losses, optimizers, state.opt_state, strict=True)
    for turn, (loss, optimizer, opt_state) in enumerate(turns):
      (value, (extra, turn_sums)), gradient = jax.value_and_grad(loss, has_aux=True)(
        params, extra, batch, jax.random.fold_in(key, turn)
      )
      read = read_by(optimizer, gradient, opt_state, params)
      good &= finite((value, read, extra))
      change, opt_state = optimizer.update(gradient, opt_state, params)
      params = optax.apply_updates(params, change)
      opt_states.append(opt_state)
      sums |= turn_sums

    def keep(new, old):
      return jax.tree.map(lambda a, b: jnp.where(good, a, b), new, old)

    skipped, in_a_row, fatal = state.skipped
    bad = 1 - good.astype(jnp.int32)
    in_a_row = (in_a_row + 1) * bad
    too_many = (in_a_row == stopping.MOST_SKIPPED) & (fatal < 0)
    fatal = jnp.where(too_many, state.step + 1 - in_a_row, fatal)
    state = state.replace(
      step=state.step + 1,
      params=keep(params, state.params),
      extra=keep(extra, state.extra),
      opt_state=keep(tuple(opt_states), state.opt_state),
      skipped=jnp.stack([skipped + bad, in_a_row, fatal]),
    )
    return state, keep(sums, jax.tree.map(jnp.zeros_like, sums))

  return update


def finite(tree: Any) -> Array:
  """Returns whether all numbers of a pytree are finite.

  It looks for the first sum of a leaf that is not, and not for their sum: XLA makes a
  sum of n numbers part of each of the n loops that read it, and GoogLeNet's step would
  hold 140,000 additions.
  """
  sums = jnp.stack([jnp.zeros(()), *map(jnp.sum, jax.tree.leaves(tree))])
  return jnp.argmin(jnp.isfinite(sums).astype(jnp.int32)) == 0


def read_by(
  optimizer: optax.GradientTransformation, gradient: Any, opt_state: Any, params: Params
) -> list[Array]:
  """Returns the leaves of a gradient that an optimizer reads.

  Those of another player are left out, so that XLA never computes them.
  """
  leaves, tree = jax.tree.flatten(gradient)

  def move(*leaves):
    return optimizer.update(jax.tree.unflatten(tree, leaves), opt_state, params)

  jaxpr = jax.make_jaxpr(move)(*leaves).jaxpr
  _, read = partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))
  return [leaf for leaf, is_read in zip(leaves, read, strict=True) if is_read]


def data_key(state: TrainState) -> Key:
  """Returns the key that `Data.take` and `Data.rows` get, at every step the same."""
  return jax.random.fold_in(state.key, DATA)
