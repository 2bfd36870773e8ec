"""What the loop does at its stops, to every run that shares it.

A lane is one run in the loop: its experiment, its history, its checkpoints. One run has
the loop to itself; runs that differ in their seeds alone may share it, their states
stacked along a first axis. Shapes: N runs; with one, there is no such axis.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dl_core import metrics, trees
from dl_core.runtime import multihost
from dl_core.train import checkpoint, evaluate, initial, stopping
from dl_core.train.log import Log
from dl_core.train.progress import Clock
from dl_core.types import Experiment, Key, UserError


class Lane(NamedTuple):
  """One run in the loop: `log` and `store` are where its history and states go."""

  experiment: Experiment
  log: Log
  store: Any


@contextlib.contextmanager
def opened(
  experiments: Sequence[Experiment],
  workdirs: Sequence[Path | str | None],
  say: Callable[[str], None],
) -> Iterator[list[Lane]]:
  """Opens the lane of every run; when it is left, all that they saved is on disk."""
  with contextlib.ExitStack() as stack:
    lanes = []
    for experiment, workdir in zip(experiments, workdirs, strict=True):
      folder = Path(workdir) if workdir else None
      log = stack.enter_context(Log(folder, writes=multihost.first()))
      store = stack.enter_context(checkpoint.open_all(folder, say))
      lanes.append(Lane(experiment, log, store))
    yield lanes


def joined(several: Sequence[Any]) -> Any:
  """Stacks the states of N runs; one alone stays as it is."""
  if len(several) == 1:
    return several[0]
  return jax.tree.map(lambda *each: jnp.stack(each), *several)


def parted(tree: Any, count: int) -> list[Any]:
  """Takes apart what `joined` stacked."""
  if count == 1:
    return [tree]
  return [jax.tree.map(lambda leaf: leaf[n], tree) for n in range(count)]  # noqa: B023


def begin(
  lanes: Sequence[Lane], start: Callable[[Experiment], Any], say: Callable
) -> list[tuple[Any, Any]]:
  """Returns each run's state, and its metrics since its last report, to go on from.

  They come from the newest step of which all runs have a good checkpoint; histories
  are cut to it. Where there is none, and none has come far, all begin anew.

  Args:
    lanes: the runs.
    start: (experiment) -> (state, metrics) of a new run.
    say: told where it goes on.

  Raises:
    UserError: they have no step in common, and one has come far.
  """
  fresh = [start(lane.experiment) for lane in lanes]
  likes = [
    saved(state, sums, lane.log)
    for lane, (state, sums) in zip(lanes, fresh, strict=True)
  ]
  most: int | None = None
  while True:
    found = [
      lane.store.newest(like, most=most)
      for lane, like in zip(lanes, likes, strict=True)
    ]
    steps = {each[0] if each else -1 for each in found}
    if len(steps) == 1 or -1 in steps:
      break
    most = min(steps)
  if -1 in steps and max(steps) >= soon(lanes[0].experiment.config):
    raise UserError(
      'the runs have no checkpoint of the same step, so they cannot go on side by '
      'side; give the command of each by itself'
    )
  if -1 in steps:
    for number, lane in enumerate(lanes):
      lane.store.forget(-1)
      c = lane.experiment.config
      lane.log.begin(soon(c))
      if c.init_from:
        state, sums = fresh[number]
        state = initial.begin(lane.experiment, state, say)
        optimizers = lane.experiment.optimizers
        opt_state = tuple(optimizer.init(state.params) for optimizer in optimizers)
        fresh[number] = (state.replace(opt_state=opt_state), sums)
    return fresh
  (step,) = steps
  resumed = []
  for lane, like, (_, named) in zip(lanes, likes, found, strict=True):
    tree = trees.unflatten(like, named)
    lane.store.forget(step)
    lane.log.resume(step, int(tree['lines']))
    resumed.append((tree['state'], tree['sums']))
  say(f'resumed at step {step}')
  return resumed


def soon(config: Any) -> int:
  """Returns the step by which all runs that share the loop have a checkpoint."""
  return 2 * config.checkpoint_every


def saved(state: Any, sums: Any, log: Log) -> dict[str, Any]:
  """Returns what a checkpoint holds: with the state, how much had been written."""
  lines = jnp.full_like(state.step, len(log.lines))  # on the devices that it is on
  return {'state': state, 'sums': sums, 'lines': lines}


def look(
  lanes: Sequence[Lane],
  evaluator: Callable,
  state: Any,
  sums: Any,
  keys: Sequence[Key],
  clock: Clock,
  say: Callable[[str], None],
) -> None:
  """Writes the train figures since the last look, validation, and what is observed."""
  parts = parted((state, sums), len(lanes))
  for (experiment, log, _), (one, total), key in zip(lanes, parts, keys, strict=True):
    step = int(one.step)
    if step:
      figures: dict = (
        metrics.mean(total) | clock.rate(step) | skips(one) | clock.seconds()
      )
      if spike := stopping.spike(total, log.lines):
        figures['spike'] = spike
        say('the loss jumped to {loss:.4g} at step {step:,}'.format(**spike))
      log.write(step, 'train', figures)
    if 'validation' in experiment.data.splits:
      log.write(step, 'validation', evaluator(one, 'validation'))
    if experiment.observe:
      variables, key = multihost.local((evaluate.variables(experiment, one), key))
      log.observe(step, experiment.observe(variables, experiment.data, key))


def skips(state: Any) -> dict[str, int]:
  """Returns the count of skipped updates, where there were any."""
  total = int(state.skipped[0])
  return {'skipped': total} if total else {}


def refuse_skips(lanes: Sequence[Lane], skipped: Any, keys: Sequence[Key]) -> None:
  """Raises UserError where too many updates in a row of a run were skipped."""
  for lane, counts, key in zip(
    lanes, np.reshape(skipped, (len(lanes), -1)), keys, strict=True
  ):
    stopping.refuse_skips(lane.experiment, counts[2], key)


def best_step(lane: Lane) -> int | None:
  """Returns the best step so far of a run that keeps its best state."""
  keeps = lane.experiment.config.keep_best
  return stopping.best_step(lane.log.of('validation')) if keeps else None


def save(lanes: Sequence[Lane], step: int, state: Any, sums: Any) -> None:
  """Saves every run, without waiting for the disk.

  The saves before are waited for, so that no run ever gets two checkpoints ahead of
  another: of the newest that they keep, one is then common to all.
  """
  for lane in lanes:
    lane.store.wait()
  parts = parted((state, sums), len(lanes))
  for lane, (one, total) in zip(lanes, parts, strict=True):
    lane.log.sync()
    lane.store.save(step, saved(one, total, lane.log), best_step(lane))


def end(
  lanes: Sequence[Lane],
  evaluator: Callable,
  state: Any,
  sums: Any,
  keys: Sequence[Key],
  facts: dict[str, Any],
  clock: Clock,
  say: Callable,
) -> list[Any]:
  """Writes the results on the test split; returns the states that they are of.

  Args:
    lanes, evaluator, state, sums, keys, clock: see `look`.
    facts: what stands beside every result.
    say: told which state was best.
  """
  states = []
  for lane, (one, total), key in zip(
    lanes, parted((state, sums), len(lanes)), keys, strict=True
  ):
    experiment, log, store = lane
    store.wait()
    best, last = best_step(lane), int(one.step)
    if best is not None:
      like = saved(one, total, log)
      one = trees.unflatten(like, store.read_best(best, like))['state']
      say(f'step {best} has the lowest validation loss')
    if not log.of('test'):
      figures = evaluator(one, 'test')
      if experiment.scores:
        variables, key = multihost.local((evaluate.variables(experiment, one), key))
        figures = dict(experiment.scores(variables, experiment.data, key)) | figures
      baseline = {'baseline': dict(experiment.data.baseline())}
      log.write(last, 'test', figures | baseline | facts | clock.seconds())
      log.sync()
    states.append(one)
  return states
