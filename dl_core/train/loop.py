"""The one loop: steps, stops between them, a result at the end.

The batch is a pure function of the step, so a state is all that a run needs to go on.
Runs that differ in their seeds alone may share the loop: their steps are one, under
vmap.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.runtime import multihost, profile, sharding
from dl_core.train import compiled, history, recorder, stopping
from dl_core.train.compiled import Compiled
from dl_core.train.log import Line
from dl_core.train.progress import Clock, Progress
from dl_core.train.update import TrainState as TrainState
from dl_core.train.update import data_key as data_key
from dl_core.train.update import init_state as init_state
from dl_core.train.update import make_update as make_update
from dl_core.train.update import shapes as shapes
from dl_core.types import Experiment

# Steps between looks at the count of skipped updates, and between those at which
# several processes agree on whether to stop.
ASK_EVERY = 10


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
  shared = shared or compiled.make(first, compiled.layout_of(first), len(experiments))
  layout, evaluator, mesh = shared.layout, shared.evaluator, shared.layout.mesh
  clock = Clock(c.batch_size, data.spec.tokens, compiled.busy(first, mesh))
  progress = progress or Progress(c.steps, quiet=True)
  start = lambda experiment: shared.start(jax.random.key(experiment.config.seed))
  folder = Path(workdirs[0]) / 'profile' if c.profile and workdirs[0] else None
  with (
    jax.set_mesh(mesh),
    recorder.opened(experiments, workdirs, progress.say) as runs,
    profile.traced(shared.call, folder, progress.say) as call,
  ):
    begun = recorder.begin(runs, start, progress.say)
    keys = [data_key(state) for state, _ in begun]
    step = int(begun[0][0].step)
    state, sums = jax.device_put(recorder.joined(begun), layout(begun[0], len(runs)))
    no_sums = jax.tree.map(jnp.zeros_like, sums)
    fed, arrays = None, None
    clock.start(max(run.log.seconds() for run in runs))
    asked, ask_at = np.tile([0, 0, -1], (len(runs), 1)), step

    while True:
      if step % c.eval_every == 0 or step == c.steps:
        if not runs[-1].log.at(step):  # a resumed run has been here
          recorder.look(runs, evaluator, state, sums, keys, clock, progress.say)
          progress.report(history.together([run.log.at(step) for run in runs]))
          sums = no_sums
        clock.pause()
      ended = stopping.why(c, step, runs[0].log.of('validation'))
      ask = step >= ask_at
      late = lambda: clock.late(c.max_seconds) or interrupted()
      stop = ended or multihost.wished(ask, late)
      best = step in map(recorder.best_step, runs)
      if stop or best or (step and step % c.checkpoint_every == 0):
        recorder.refuse_skips(runs, state.skipped, keys)
        recorder.save(runs, step, state, sums)
      if stop:
        break

      new, count = data.feed(keys[0], step), 1
      if new is fed:
        stops = (c.steps, upto(step, c.eval_every), upto(step, c.checkpoint_every))
        count = min(shared.most, *(stop - step for stop in stops))
      else:
        fed, arrays = new, sharding.spread(new, mesh, c.batch_size)
      last_sums = sums
      state, sums, skipped = call(state, sums, arrays, np.int32(count))
      step += count
      clock.run(step, sums, progress.say)
      progress.tick(step, last_sums)
      if ask:
        # The count of an interval ago is there: reading it keeps nobody waiting.
        recorder.refuse_skips(runs, asked, keys)
        asked, ask_at = skipped, upto(step, ASK_EVERY)

    states = recorder.parted(state, len(runs))
    if ended:
      facts = {'stopped': ended}
      states = recorder.end(
        runs, evaluator, state, sums, keys, facts, clock, progress.say
      )
    return [
      Run(one, run.log.lines, run.log.observed, ended)
      for run, one in zip(runs, states, strict=True)
    ]


def upto(step: int, every: int) -> int:
  """Returns the next multiple of `every` above a step."""
  return (step // every + 1) * every
