"""The one loop: evaluate when due, save when due, stop, advance.

The batch is a pure function of the step, so a state is all that a run needs to go on.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dl_core.train import session
from dl_core.train.compiled import Compiled
from dl_core.train.progress import Progress
from dl_core.train.session import Run
from dl_core.types import Experiment


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
    workdir: folder for checkpoints and logs; None keeps everything in memory.
    interrupted: called after every dispatch; anything true saves and returns.
    progress: where to report; None is silent.

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
  """Trains runs that differ only in their seeds side by side; see `fit`.

  Each has its own workdir, and equals, up to rounding, the run that it would be alone.
  Their data must be resident, and no rule may end one before the others.

  Args:
    experiments, workdirs: of the runs.
    interrupted, progress: see `fit`.
    shared: what other runs of the experiment, as many at a time, have compiled.
  """
  with session.opened(experiments, workdirs, interrupted, progress, shared) as s:
    state, sums = s.begin()
    while True:
      if s.evaluation_due():
        sums = s.evaluate(state, sums)
      why = s.over()
      stop = why or s.asked_to_stop()
      if stop or s.checkpoint_due():
        s.save(state, sums)
      if stop:
        return s.results(state, sums, why)
      state, sums = s.advance(state, sums)
