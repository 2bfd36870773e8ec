"""The one train step and the one loop.

A step is `(state, batch) -> (state, metrics)`, made from a task and its optimizers. The
batch is a pure function of the step, so a state is all that a run needs to go on. Runs
that differ in their seeds alone may share the loop: their steps are one, under vmap.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import optax

from dl_core import (
  evaluate,
  history,
  hosts,
  lanes,
  metrics,
  sharding,
  stopping,
  tasks,
)
from dl_core.log import Line
from dl_core.progress import Clock, Progress
from dl_core.sharding import Rule
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
# Steps between looks at the count of skipped updates, and between those at which
# several processes agree on whether to stop.
ASK_EVERY = 10


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


class Compiled(NamedTuple):
  """What is compiled of an experiment, when it is first called, for every run of it.

  Attributes:
    rule: where states lie.
    start: (key) -> (state, metrics) of a new run; metrics are none yet.
    call: what is dispatched, (state, sums, arrays, count) -> (state, sums, skipped): it
      takes the batch of the state's step out of the arrays, updates, and adds to the
      metrics since the last report, `count` times.
    most: the highest count.
    judge: (state, split) -> mean metrics.
  """

  rule: Rule
  start: Callable[[Key], tuple[TrainState, Metrics]]
  call: Callable
  most: int
  judge: Callable[[Any, str], dict[str, float]]


def compiled(experiment: Experiment, rule: Rule, runs: int = 1) -> Compiled:
  """Makes what is compiled of an experiment.

  Several updates in one dispatch are a loop whose trip count is an argument, so that
  all ways to group them agree bit for bit. One update by itself is no loop: XLA's CPU
  backend computes some models faster so, and in another order.

  Args:
    experiment: what is trained.
    rule: where its states lie.
    runs: how many have their states stacked along a first axis in `call`, if several.
  """
  task = tasks.computed_in(experiment.task, experiment.config.precision)
  experiment = experiment._replace(task=task)
  update = make_update(experiment.task, experiment.optimizers)
  most = steps_per_call(experiment)

  def start(key: Key):
    state = init_state(experiment, key)
    sums = jax.eval_shape(update, state, experiment.data.spec.batch)[1]
    sums = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), sums)
    return state, sums | metrics.peak(sums, 0)

  def once(state: TrainState, sums: Metrics, arrays: Any):
    batch = experiment.data.take(arrays, data_key(state), state.step)
    state, new = update(state, sharding.constrain(batch, rule.mesh))
    new |= metrics.peak(new, state.step - 1)
    return state, metrics.add(sums, new)

  def call(state: TrainState, sums: Metrics, arrays: Any, count: Array):
    if most == 1:
      state, sums = once(state, sums, arrays)
    else:
      each = lambda _, carry: once(*carry, arrays)  # noqa: E731
      state, sums = jax.lax.fori_loop(0, count, each, (state, sums))
    return state, sums, state.skipped

  shapes = jax.eval_shape(start, jax.random.key(0))
  lies = rule(shapes, runs)
  several = jax.vmap(call, (0, 0, None, None)) if runs > 1 else call
  return Compiled(
    rule,
    jax.jit(start, out_shardings=rule(shapes)),
    jax.jit(several, donate_argnums=0, out_shardings=(*lies, lies[0].skipped)),
    most,
    evaluate.make_judge(experiment, lambda batch: sharding.spread(batch, rule.mesh)),
  )


def steps_per_call(experiment: Experiment) -> int:
  """Returns how many updates one dispatch makes, if nothing comes between them."""
  given = experiment.config.steps_per_call
  return given or experiment.steps_per_call.get(jax.default_backend(), 1)


def upto(step: int, every: int) -> int:
  """Returns the next multiple of `every` above a step."""
  return (step // every + 1) * every


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
  return fit_together(
    [experiment], [workdir], interrupted=interrupted, progress=progress
  )[0]


def rule_of(experiment: Experiment) -> Rule:
  """Returns where `--mesh` has the states of an experiment lie."""
  return Rule(sharding.make_mesh(experiment.config.mesh), experiment.split)


def fit_together(
  experiments: Sequence[Experiment],
  workdirs: Sequence[Path | str | None],
  *,
  interrupted: Callable[[], Any] = lambda: False,
  progress: Progress | None = None,
  shared: Compiled | None = None,
) -> list[Run]:
  """Trains runs that differ in their seeds alone side by side; see `fit`.

  Each has its own workdir, and is in all but rounding the run that it would be alone.
  Their data must be resident, and no rule may end one before the others.

  Args:
    experiments, workdirs: of the runs.
    interrupted, progress: see `fit`.
    shared: what other runs of the experiment, as many at a time, have compiled.
  """
  first = experiments[0]
  c, data = first.config, first.data
  shared = shared or compiled(first, rule_of(first), len(experiments))
  rule, judge, mesh = shared.rule, shared.judge, shared.rule.mesh
  clock = Clock(c.batch_size, data.spec.tokens)
  progress = progress or Progress(c.steps, quiet=True)
  start = lambda experiment: shared.start(jax.random.key(experiment.config.seed))  # noqa: E731
  with jax.set_mesh(mesh), lanes.opened(experiments, workdirs, progress.say) as runs:
    begun = lanes.begin(runs, start, progress.say)
    keys = [data_key(state) for state, _ in begun]
    step = int(begun[0][0].step)
    state, sums = jax.device_put(lanes.joined(begun), rule(begun[0], len(runs)))
    no_sums = jax.tree.map(jnp.zeros_like, sums)
    fed, arrays = None, None
    clock.start(max(run.log.seconds() for run in runs))
    asked, ask_at = np.tile([0, 0, -1], (len(runs), 1)), step

    while True:
      if step % c.eval_every == 0 or step == c.steps:
        if not runs[-1].log.at(step):  # a resumed run has been here
          lanes.look(runs, judge, state, sums, keys, clock, progress.say)
          progress.report(history.together([run.log.at(step) for run in runs]))
          sums = no_sums
        clock.pause()
      ended = stopping.why(c, step, runs[0].log.of('validation'))
      ask = step >= ask_at
      late = lambda: clock.late(c.max_seconds) or interrupted()  # noqa: E731
      stop = ended or hosts.wished(ask, late)
      best = step in map(lanes.best_step, runs)
      if stop or best or (step and step % c.checkpoint_every == 0):
        lanes.refuse_skips(runs, state.skipped, keys)
        lanes.save(runs, step, state, sums)
      if stop:
        break

      new, count = data.feed(keys[0], step), 1
      if new is fed:
        stops = (c.steps, upto(step, c.eval_every), upto(step, c.checkpoint_every))
        count = min(shared.most, *(stop - step for stop in stops))
      else:
        fed, arrays = new, sharding.spread(new, mesh, c.batch_size)
      last_sums = sums
      state, sums, skipped = shared.call(state, sums, arrays, np.int32(count))
      step += count
      clock.run(step, sums, progress.say)
      progress.tick(step, last_sums)
      if ask:
        # The count of an interval ago is there: reading it keeps nobody waiting.
        lanes.refuse_skips(runs, asked, keys)
        asked, ask_at = skipped, upto(step, ASK_EVERY)

    states = lanes.parted(state, len(runs))
    if ended:
      facts = {'stopped': ended}
      states = lanes.end(runs, judge, state, sums, keys, facts, clock, progress.say)
    return [
      Run(one, run.log.lines, run.log.observed, ended)
      for run, one in zip(runs, states, strict=True)
    ]
