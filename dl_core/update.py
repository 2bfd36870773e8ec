"""The one train step: every player's turn in order, kept only if it is finite."""

from collections.abc import Callable

import flax.struct
import jax
import jax.numpy as jnp
import optax

from dl_core import stopping
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


def make_update(task: Task, optimizers: tuple) -> Callable:
  """Makes one step, (state, batch) -> (state, metrics): every player's turn, in order.

  It is pure and not yet compiled. Where a loss or a change is not finite, nothing of
  the state moves but the step, and `skipped` counts.
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
      change, opt_state = optimizer.update(gradient, opt_state, params)
      params = optax.apply_updates(params, change)
      # The change, not the gradient: XLA drops the gradients that no optimizer reads.
      size = optax.tree.norm((change, extra))
      good &= jnp.isfinite(value) & jnp.isfinite(size)
      opt_states.append(opt_state)
      sums |= turn_sums

    def keep(new, old):
      return jax.tree.map(lambda a, b: jnp.where(good, a, b), new, old)

    total, in_a_row, fatal = state.skipped
    bad = 1 - good.astype(jnp.int32)
    in_a_row = (in_a_row + 1) * bad
    too_many = (in_a_row == stopping.MOST_SKIPPED) & (fatal < 0)
    fatal = jnp.where(too_many, state.step + 1 - in_a_row, fatal)
    state = state.replace(
      step=state.step + 1,
      params=keep(params, state.params),
      extra=keep(extra, state.extra),
      opt_state=keep(tuple(opt_states), state.opt_state),
      skipped=jnp.stack([total + bad, in_a_row, fatal]),
    )
    return state, keep(sums, jax.tree.map(jnp.zeros_like, sums))

  return update


def data_key(state: TrainState) -> Key:
  """Returns the key that `Data.take` and `Data.rows` get, at every step the same."""
  return jax.random.fold_in(state.key, DATA)
