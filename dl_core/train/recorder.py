"""What a run writes while it is trained: its history and its checkpoints."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp

from dl_core import metrics, trees
from dl_core.runtime import multihost
from dl_core.train import checkpoint, evaluate, initial, memory, stopping
from dl_core.train.log import Log
from dl_core.train.progress import Clock
from dl_core.types import Experiment, Key, UserError

Say = Callable[[str], None]
Evaluator = Callable[[Any, str], dict[str, float]]  # (state, split) -> mean metrics


class Recorder(NamedTuple):
  """One run's experiment, its history (`log`) and its checkpoints (`store`)."""

  experiment: Experiment
  log: Log
  store: Any

  def evaluate(
    self, evaluator: Evaluator, state: Any, sums: Any, key: Key, clock: Clock, say: Say
  ) -> None:
    """Writes the train figures since the last evaluation, validation, observations.

    Args:
      evaluator: see `evaluate.make_evaluator`.
      state: a `TrainState`.
      sums: metrics since the last evaluation.
      key: the data's, see `Data.take`.
      clock: of the run.
      say: called with a sentence where the loss jumped.
    """
    experiment, log, _ = self
    step = int(state.step)
    if step:
      skipped = int(state.skipped[0])
      figures: dict[str, Any] = metrics.mean(sums)
      figures |= clock.rate(step, self.labelled(sums, step))
      figures |= ({'skipped': skipped} if skipped else {}) | clock.seconds()
      if spike := stopping.spike(sums, log.lines):
        figures['spike'] = spike
        say('the loss jumped to {loss:.4g} at step {step:,}'.format(**spike))
      log.write(step, 'train', figures)
    if 'validation' in experiment.data.splits:
      log.write(step, 'validation', evaluator(state, 'validation'))
    if experiment.observe:
      variables, key = multihost.local((evaluate.variables(experiment, state), key))
      log.observe(step, experiment.observe(variables, experiment.data, key))

  def labelled(self, sums: Any, step: int) -> float:
    """Returns the share of the tokens since the last train line that are no padding.

    They are those that a task counts, or else those with a label. It is 1 where there
    are no tokens.
    """
    tokens = self.experiment.data.spec.tokens * self.experiment.config.batch_size
    if not tokens or 'loss' not in sums:
      return 1.0
    if metrics.READ in sums:  # the labels are not the tokens' own
      return (metrics.tokens(sums) or 0.0) / self.experiment.data.spec.tokens
    before = max((line['step'] for line in self.log.of('train')), default=0)
    return float(sums['loss'][1]) / (tokens * max(step - before, 1))

  def best_step(self) -> int | None:
    """Returns the best step so far of a run with --keep_best, else None."""
    keeps = self.experiment.config.keep_best
    return stopping.best_step(self.log.of('validation')) if keeps else None

  def save(self, step: int, state: Any, sums: Any) -> None:
    """Saves the state without waiting for the disk."""
    self.log.sync()
    self.store.save(step, content(state, sums, self.log), self.best_step())

  def end(
    self,
    evaluator: Evaluator,
    state: Any,
    sums: Any,
    key: Key,
    facts: dict[str, Any],
    clock: Clock,
    say: Say,
  ) -> Any:
    """Writes the result on the test split; returns the state that was tested.

    Args:
      evaluator, state, sums, key, clock: see `evaluate`.
      facts: what stands beside the result.
      say: called with a sentence where the best state was tested.
    """
    experiment, log, store = self
    store.wait()
    best, last = self.best_step(), int(state.step)
    if best is not None:
      like = content(state, sums, log)
      state = trees.unflatten(like, store.read_best(best, like))['state']
      say(f'step {best} has the lowest validation loss')
    if not log.of('test'):
      figures = evaluator(state, 'test')
      if experiment.scores:
        variables, key = multihost.local((evaluate.variables(experiment, state), key))
        figures = dict(experiment.scores(variables, experiment.data, key)) | figures
      baseline = {'baseline': dict(experiment.data.baseline())}
      log.write(last, 'test', figures | baseline | facts | clock.seconds())
      log.sync()
    return state


@contextlib.contextmanager
def opened(
  experiments: Sequence[Experiment], workdirs: Sequence[Path | str | None], say: Say
) -> Iterator[list[Recorder]]:
  """Opens a recorder for each run; on leaving, all that they saved is on disk."""
  with contextlib.ExitStack() as stack:
    recorders = []
    for experiment, workdir in zip(experiments, workdirs, strict=True):
      folder = Path(workdir) if workdir else None
      log = stack.enter_context(Log(folder, writes=multihost.first()))
      store: Any = memory.Memory()
      if folder:
        store = checkpoint.Checkpoints(folder / 'checkpoints', say)
      stack.enter_context(store)
      recorders.append(Recorder(experiment, log, store))
    yield recorders


def begin(
  recorders: Sequence[Recorder], start: Callable[[Experiment], Any], say: Say
) -> list[tuple[Any, Any]]:
  """Returns each run's state, and its metrics since its last evaluation.

  All runs resume from the newest step at which each has a good checkpoint, and their
  histories are cut to it. Without such a step, runs that have not come far start over.

  Args:
    recorders: of the runs.
    start: (experiment) -> (state, metrics) of a new run.
    say: called with a sentence about where the run resumes, or about new runs.

  Raises:
    UserError: they have no step in common, and one has come far.
  """
  fresh = [start(recorder.experiment) for recorder in recorders]
  likes = [
    content(state, sums, recorder.log)
    for recorder, (state, sums) in zip(recorders, fresh, strict=True)
  ]
  most: int | None = None
  while True:
    found = [
      recorder.store.newest(like, most=most)
      for recorder, like in zip(recorders, likes, strict=True)
    ]
    steps = {each[0] if each else -1 for each in found}
    if len(steps) == 1 or -1 in steps:
      break
    most = min(steps)
  if -1 in steps and max(steps) >= soon(recorders[0].experiment.config):
    raise UserError(
      'the runs have no checkpoint of the same step, so they cannot resume side by '
      'side; give the command of each by itself'
    )
  if -1 in steps:
    remark(recorders[0].experiment, say)
    return [restarted(*each, say) for each in zip(recorders, fresh, strict=True)]
  (step,) = steps
  resumed = []
  for recorder, like, (_, named) in zip(recorders, likes, found, strict=True):
    tree = trees.unflatten(like, named)
    recorder.store.forget(step)
    recorder.log.resume(step, int(tree['lines']))
    resumed.append((tree['state'], tree['sums']))
  say(f'resumed at step {step}')
  return resumed


def remark(experiment: Experiment, say: Say) -> None:
  """Prints each sentence of `Experiment.remarks` with `say`."""
  if experiment.remarks:
    for sentence in experiment.remarks(experiment.data):
      say(sentence)


def restarted(recorder: Recorder, fresh: tuple[Any, Any], say: Say) -> tuple[Any, Any]:
  """Starts a run over; returns its state, with the parameters of --init_from, if any.

  Args:
    recorder: of the run; whatever it holds is dropped.
    fresh: its new state, and metrics that are none yet.
    say: called with a sentence about the parameters that were read.
  """
  experiment, (state, sums) = recorder.experiment, fresh
  recorder.store.forget(-1)
  recorder.log.begin(soon(experiment.config))
  if experiment.config.init_from:
    state = initial.begin(experiment, state, say)
    opt_state = tuple(each.init(state.params) for each in experiment.optimizers)
    state = state.replace(opt_state=opt_state)
  return state, sums


def soon(config: Any) -> int:
  """Returns the step by which all runs that share the loop have a checkpoint."""
  return 2 * config.checkpoint_every


def content(state: Any, sums: Any, log: Log) -> dict[str, Any]:
  """Returns what a checkpoint holds: the state, its metrics, the lines written."""
  lines = jnp.full_like(state.step, len(log.lines))  # on the devices of the state
  return {'state': state, 'sums': sums, 'lines': lines}
