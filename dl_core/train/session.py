"""What surrounds the steps of the loop: when to evaluate, to save and to stop.

A session holds what lives on the host: recorders, clock, progress, the number of the
step. It serves one run, or N runs that differ only in their seeds, trained side by
side; their states are then stacked along a first axis.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
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
from dl_core.train.recorder import Recorder
from dl_core.train.update import TrainState, data_key
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


@contextlib.contextmanager
def opened(
  experiments: Sequence[Experiment],
  workdirs: Sequence[Path | str | None],
  interrupted: Callable[[], Any],
  progress: Progress | None,
  shared: Compiled | None,
) -> Iterator['Session']:
  """Opens a session (see `loop.fit_together`); on leaving, all it saved is on disk."""
  first, folder = experiments[0], workdirs[0]
  shared = shared or compiled.make(first, compiled.layout_of(first), len(experiments))
  busy = compiled.busy(first, shared.layout.mesh)
  clock = Clock(first.config.batch_size, first.data.spec.tokens, busy)
  progress = progress or Progress(quiet=True)
  progress.begin(first.config.steps)
  traces = Path(folder) / 'profile' if first.config.profile and folder else None
  with (
    jax.set_mesh(shared.layout.mesh),
    recorder.opened(experiments, workdirs, progress.say) as recorders,
    profile.traced(shared.call, traces, progress.say) as call,
  ):
    yield Session(recorders, shared._replace(call=call), clock, interrupted, progress)


class Session:
  """The host's side of a run, or of N runs side by side.

  Args:
    recorders: one for each run.
    shared: what is compiled of their experiment.
    clock: started when the session was opened.
    interrupted: () -> whether to save and stop.
    progress: where to report.
  """

  def __init__(
    self,
    recorders: Sequence[Recorder],
    shared: Compiled,
    clock: Clock,
    interrupted: Callable[[], Any],
    progress: Progress,
  ):
    first = recorders[0].experiment
    self.config, self.data = first.config, first.data
    self.recorders, self.shared = recorders, shared
    self.clock, self.progress = clock, progress
    self._interrupted = interrupted
    self._fed: Any = None  # what `Data.feed` gave last, and the same on the devices
    self._arrays: Any = None
    self._asking = False  # whether this step is one of every ASK_EVERY
    self._skipped: Any = np.tile([0, 0, -1], (len(recorders), 1))  # an interval ago

  def begin(self) -> tuple[Any, Any]:
    """Returns the state to go on from, and its metrics since the last evaluation."""
    start = lambda each: self.shared.start(jax.random.key(each.config.seed))
    begun = recorder.begin(self.recorders, start, self.progress.say)
    self.keys = [data_key(state) for state, _ in begun]
    self.step = self._ask_at = int(begun[0][0].step)
    shardings = self.shared.layout(begun[0], len(begun))
    state, sums = jax.device_put(stacked(begun), shardings)
    self._no_sums = jax.tree.map(jnp.zeros_like, sums)
    self.clock.start(max(each.log.seconds() for each in self.recorders))
    return state, sums

  def evaluation_due(self) -> bool:
    return self.step % self.config.eval_every == 0 or self.step == self.config.steps

  def evaluate(self, state: Any, sums: Any) -> Any:
    """Writes the figures of this step, unless a resumed run has them already.

    Returns:
      The metrics since the last evaluation: none now.
    """
    if not self.recorders[-1].log.at(self.step):
      for each, (one, total), key in self._parts(state, sums):
        each.evaluate(
          self.shared.evaluator, one, total, key, self.clock, self.progress.say
        )
      lines = [each.log.at(self.step) for each in self.recorders]
      self.progress.report(history.together(lines))
      sums = self._no_sums
    self.clock.pause()
    return sums

  def over(self) -> str:
    """Returns why the run is over, in words; '' while it is not."""
    return stopping.why(self.config, self.step, self.recorders[0].log.of('validation'))

  def asked_to_stop(self) -> bool:
    """Returns whether the user, a signal or --max_seconds wants the run to stop."""
    self._asking = self.step >= self._ask_at
    wish = lambda: self.clock.late(self.config.max_seconds) or self._interrupted()
    return multihost.wants_to_stop(self._asking, wish)

  def checkpoint_due(self) -> bool:
    best = self.step in [each.best_step() for each in self.recorders]
    return best or (self.step > 0 and self.step % self.config.checkpoint_every == 0)

  def save(self, state: Any, sums: Any) -> None:
    """Saves every run, without waiting for the disk.

    The saves before are waited for, so no run ever gets two checkpoints ahead of
    another, and of the newest that they keep, one is common to all.

    Raises:
      UserError: too many updates in a row were skipped.
    """
    self._refuse_skips(state.skipped)
    for each in self.recorders:
      each.store.wait()
    for each, (one, total), _ in self._parts(state, sums):
      each.save(self.step, one, total)

  def advance(self, state: Any, sums: Any) -> tuple[Any, Any]:
    """Makes the updates of one dispatch, as many as fit before the next stop.

    Raises:
      UserError: too many updates in a row were skipped.
    """
    last_sums, count = sums, self._feed()
    state, sums, skipped = self.shared.call(state, sums, self._arrays, np.int32(count))
    self.step += count
    self.clock.run(self.step, sums, self.progress.say)
    self.progress.tick(self.step, last_sums)
    if self._asking:
      # The count of an interval ago is there: reading it keeps nobody waiting.
      self._refuse_skips(self._skipped)
      self._skipped, self._ask_at = skipped, upto(self.step, ASK_EVERY)
    return state, sums

  def results(self, state: Any, sums: Any, why: str) -> list[Run]:
    """Returns what became of each run; one that is over is tested first.

    Args:
      state, sums: the last ones.
      why: the run is over; '' if it was interrupted.
    """
    states, facts = [], {'stopped': why}
    for each, (one, total), key in self._parts(state, sums):
      if why:
        evaluator, say = self.shared.evaluator, self.progress.say
        one = each.end(evaluator, one, total, key, facts, self.clock, say)
      states.append(one)
    return [
      Run(one, each.log.lines, each.log.observed, why)
      for each, one in zip(self.recorders, states, strict=True)
    ]

  def _feed(self) -> int:
    """Puts what the next dispatch reads on the devices; returns its updates."""
    c, step = self.config, self.step
    new = self.data.feed(self.keys[0], step)
    if new is not self._fed:
      self._fed = new
      self._arrays = sharding.spread(new, self.shared.layout.mesh, c.batch_size)
      return 1
    stops = (c.steps, upto(step, c.eval_every), upto(step, c.checkpoint_every))
    return min(self.shared.most, *(stop - step for stop in stops))

  def _parts(self, state: Any, sums: Any) -> Iterator[tuple[Recorder, Any, Any]]:
    """Yields each run's recorder, its (state, sums), its data key."""
    parts = unstacked((state, sums), len(self.recorders))
    yield from zip(self.recorders, parts, self.keys, strict=True)

  def _refuse_skips(self, skipped: Any) -> None:
    counts = np.reshape(skipped, (len(self.recorders), -1))
    for each, one, key in zip(self.recorders, counts, self.keys, strict=True):
      stopping.refuse_skips(each.experiment, one[2], key)


def stacked(several: Sequence[Any]) -> Any:
  """Stacks the states of N runs; one alone stays as it is."""
  if len(several) == 1:
    return several[0]
  return jax.tree.map(lambda *each: jnp.stack(each), *several)


def unstacked(tree: Any, count: int) -> list[Any]:
  """Unstacks what `stacked` stacked."""
  if count == 1:
    return [tree]
  return [jax.tree.map(lambda leaf: leaf[n], tree) for n in range(count)]  # noqa: B023


def upto(step: int, every: int) -> int:
  """Returns the next multiple of `every` above a step."""
  return (step // every + 1) * every
