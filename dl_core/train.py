"""The one train step and the one loop.

A step is `(state, batch) -> (state, metrics)`, made from a task and its optimizers. The
batch is a pure function of the step, so a state is all that a run needs to go on.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import optax

from dl_core import (
  checkpoint,
  evaluate,
  leaves,
  metrics,
  pretrained,
  sharding,
  stopping,
)
from dl_core.log import Line, Log
from dl_core.progress import Clock, Progress
from dl_core.types import (
  Array,
  Batch,
  Experiment,
  Extra,
  Key,
  Metrics,
  Params,
  Task,
  Variables,
)

DATA = 2**32 - 1  # a run's key is folded with the step, which never gets here
ASK_EVERY = 10  # steps between looks at the count of skipped updates


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


def make_call(experiment: Experiment) -> Callable:
  """Makes what is dispatched, (state, sums, arrays) -> (state, sums, skipped).

  It takes the batch of the state's step out of the arrays, updates once, and adds to
  the metrics since the last report.
  """
  update = make_update(experiment.task, experiment.optimizers)

  def call(state: TrainState, sums: Metrics | None, arrays: Any):
    batch = experiment.data.take(arrays, data_key(state), state.step)
    state, new = update(state, batch)
    return state, new if sums is None else metrics.add(sums, new), state.skipped

  return call


def data_key(state: TrainState) -> Key:
  """Returns the key that `Data.take` and `Data.rows` get, at every step the same."""
  return jax.random.fold_in(state.key, DATA)


class Run(NamedTuple):
  """What `fit` returns.

  Attributes:
    state: the last state; with --keep_best the best one.
    lines: the lines of metrics.jsonl; the last one is the result on the test split.
    observed: {step: arrays}.
    ended: why the run is over, in words; '' if it was interrupted and can go on.
  """

  state: TrainState
  lines: list[Line]
  observed: dict[int, Any]
  ended: str


def fit(
  experiment: Experiment,
  workdir: Path | str | None = None,
  *,
  interrupted: Callable[[], Any] = lambda: False,
  progress: Progress | None = None,
) -> Run:
  """Trains, from the newest checkpoint of `workdir` if there is one; tests at the end.

  Args:
    experiment: what `build(config)` returned.
    workdir: folder for checkpoints and logs; None keeps all in memory.
    interrupted: asked after every call; anything true saves and returns.
    progress: where to say what happens; None is silent.

  Raises:
    UserError: the data or the checkpoints cannot be used, or updates stay not finite.
  """
  c, data = experiment.config, experiment.data
  workdir = Path(workdir) if workdir else None
  clock, progress = Clock(c.batch_size), progress or Progress(c.steps, quiet=True)
  mesh = sharding.make_mesh()
  with (
    jax.set_mesh(mesh),
    Log(workdir) as log,
    checkpoint.open_all(workdir, progress.say) as store,
  ):
    call = jax.jit(make_call(experiment), donate_argnums=0)
    judge = evaluate.make_judge(experiment)
    state, sums = begin(experiment, store, log, progress.say)
    state, sums = sharding.place((state, sums), mesh)
    key = data_key(state)
    fed = data.feed(key, state.step)
    arrays = sharding.place(fed, mesh)
    no_sums = jax.tree.map(jnp.zeros_like, sums)
    clock.start(log.seconds())
    step, asked = int(state.step), np.array([0, 0, -1])

    while True:
      if step % c.eval_every == 0 or step == c.steps:
        if not log.has('validation', step):  # a resumed run may have been here
          look(experiment, judge, log, state, metrics.mean(sums), clock)
          progress.report(log.at(step))
          sums = no_sums
        clock.pause()
      history = log.of('validation')
      ended = stopping.why(c, step, history)
      stop = ended or clock.late(c.max_seconds) or interrupted()
      best = stopping.best_step(history) if c.keep_best else None
      if stop or step == best or (step and step % c.checkpoint_every == 0):
        stopping.refuse_skips(c, data, state.skipped[2], data_key(state))
        log.sync()
        store.save(step, saved(state, sums, log), best)
      if stop:
        break

      new = data.feed(key, step)
      if new is not fed:
        fed, arrays = new, sharding.place(new, mesh)
      last_sums = sums
      state, sums, skipped = call(state, sums, arrays)
      step += 1
      clock.run(step, sums, progress.say)
      progress.tick(step, last_sums)
      if step % ASK_EVERY == 0:
        # The count of an interval ago is there: reading it keeps nobody waiting.
        stopping.refuse_skips(c, data, asked[2], data_key(state))
        asked = skipped

    store.wait()
    if ended and best is not None:
      like = saved(state, sums, log)
      state = leaves.unflatten(like, store.read_best(best, like))['state']
      progress.say(f'step {best} has the lowest validation loss')
    if ended and not log.of('test'):
      facts: dict[str, Any] = {}
      if experiment.scores:
        variables = evaluate.variables(experiment, state)
        facts |= experiment.scores(variables, data, key)
      facts |= {'baseline': dict(data.baseline()), 'stopped': ended, **clock.seconds()}
      log.write(step, 'test', judge(state, 'test') | facts)
      log.sync()
    return Run(state, log.lines, log.observed, ended)


def begin(
  experiment: Experiment, store: Any, log: Log, say: Callable
) -> tuple[TrainState, Metrics]:
  """Returns the state that a run goes on from, and the metrics since its last report.

  They come from the newest good checkpoint; the log is cut to its step. Without one,
  the state is a new one, with the parameters of --init_from if that is given.
  """
  c = experiment.config
  state = jax.jit(functools.partial(init_state, experiment))(jax.random.key(c.seed))
  update = make_update(experiment.task, experiment.optimizers)
  shapes = jax.eval_shape(update, state, experiment.data.spec.batch)[1]
  sums = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
  like = saved(state, sums, log)
  found = store.newest(like)
  if found:
    step, named = found
    tree = leaves.unflatten(like, named)
    log.resume(step, int(tree['lines']))
    say(f'resumed at step {step}')
    return tree['state'], tree['sums']
  log.begin(2 * c.checkpoint_every)
  if c.init_from:
    state = pretrained.read(Path(c.init_from).expanduser(), state, say)
    opt_state = tuple(
      optimizer.init(state.params) for optimizer in experiment.optimizers
    )
    state = state.replace(opt_state=opt_state)
  return state, sums


def saved(state: TrainState, sums: Metrics, log: Log) -> dict[str, Any]:
  """Returns what a checkpoint holds: with the state, how much had been written."""
  return {'state': state, 'sums': sums, 'lines': jnp.int32(len(log.lines))}


def look(
  experiment: Experiment,
  judge: Callable,
  log: Log,
  state: TrainState,
  figures: dict[str, float],
  clock: Clock,
) -> None:
  """Writes the train figures since the last look, validation, and what is observed."""
  step = int(state.step)
  if step:
    figures = figures | clock.rate(step) | skips(state) | clock.seconds()
    log.write(step, 'train', figures)
  log.write(step, 'validation', judge(state, 'validation'))
  if experiment.observe:
    key, variables = data_key(state), evaluate.variables(experiment, state)
    log.observe(step, experiment.observe(variables, experiment.data, key))


def skips(state: TrainState) -> dict[str, int]:
  """Returns the count of skipped updates, where there were any."""
  total = int(state.skipped[0])
  return {'skipped': total} if total else {}
