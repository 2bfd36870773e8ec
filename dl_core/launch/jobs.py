"""From an experiment to a finished workdir: checks, lock, claim, training, report."""

import contextlib
import functools
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import jax

from dl_core import config, metrics, train, trees
from dl_core.report import claims, page
from dl_core.runtime import multihost
from dl_core.train import compiled, evaluate, initial, log, manifest, workdir
from dl_core.train.progress import Progress
from dl_core.types import Experiment, Picture, UserError


class Job(NamedTuple):
  """A requested run.

  Attributes:
    owner, experiment, folder: its owner, its experiment and its workdir.
    draws: whether it writes its own report.
  """

  owner: workdir.Owner
  experiment: Experiment
  folder: Path
  draws: bool = True

  @property
  def finished(self) -> bool:
    ended = workdir.finished if self.draws else log.tested
    return not self.experiment.config.fresh and ended(self.folder)


def plan(
  module: ModuleType, name: str, c: config.Config, runs: Collection[str] = ()
) -> Job:
  """Builds a run without reading an example or writing a file.

  Args:
    module: of the experiment.
    name: of the experiment.
    c: its settings.
    runs: labels of the study that the run belongs to, if it belongs to one.

  Raises:
    UserError: the settings contradict each other, or the workdir holds another run.
  """
  experiment = module.build(c)
  spec = experiment.data.spec
  doc = module.__doc__ or name
  owner = workdir.Owner(
    name,
    doc,
    c,
    spec.source,
    classes=spec.classes,
    declaration=experiment.data.declaration,
  )
  folder = workdir.find(owner)
  if not c.fresh:
    workdir.check(folder, owner)
  if len(experiment.task.losses) > 1 and (c.patience or c.keep_best):
    given = '--patience' if c.patience else '--keep_best'
    raise UserError(
      f'{given} was given, but {name} trains two players against each other, and '
      'neither loss says which parameters are best; drop it'
    )
  if c.init_from:
    initial.check(experiment, folder, runs)
  return Job(owner, experiment, folder)


def saved(job: Job) -> set[int]:
  """Returns the steps at which a run has saved a checkpoint."""
  folders = (job.folder / 'checkpoints').glob('*')
  return {int(folder.name) for folder in folders if folder.name.isdigit()}


def perform(
  jobs: Sequence[Job],
  interrupted: Callable[[], Any],
  progress: Progress,
  shared: compiled.Compiled | None = None,
) -> bool:
  """Makes the runs, side by side if there are several; writes their reports.

  Args:
    jobs: one, or several that differ only in their seed.
    interrupted, progress, shared: see `train.fit_together`.

  Returns:
    Whether they are finished: False if they were interrupted or ran out of time.
  """
  for job in jobs:  # errors of the data come before any file is touched
    read(job.experiment, 0)
  with contextlib.ExitStack() as stack:

    def claim():
      for job in jobs:
        stack.enter_context(workdir.locked(job.folder))
      for job in jobs:
        if job.owner.config.fresh:
          workdir.clear(job.folder)
        workdir.claim(job.folder, job.owner)
        for name, content in job.experiment.data.files().items():
          workdir.write(job.folder / name, content)
        manifest.write(job.folder, about(job.experiment) | {'side_by_side': len(jobs)})

    multihost.on_first(claim)
    stack.enter_context(workdir.kept([job.folder for job in jobs]))
    done = train.fit_together(
      [job.experiment for job in jobs],
      [job.folder for job in jobs],
      interrupted=interrupted,
      progress=progress,
      shared=shared,
    )
    for job, run in zip(jobs, done, strict=True):
      if run.ended and job.draws:
        drawn = pictures(job.experiment, run)
        if multihost.first():
          claims.write(job.folder, drawn)
          page.write(job.folder, drawn, job.experiment.published)
  return all(run.ended for run in done)


def read(experiment: Experiment, step: int) -> Any:
  """Reads the arrays of a step, preparing the data set if need be."""
  return experiment.data.feed(jax.random.key(experiment.config.seed), step)


def about(experiment: Experiment) -> dict[str, Any]:
  """Returns the facts on an experiment that manifest.json keeps."""
  data = experiment.data
  variables = jax.eval_shape(experiment.task.init, jax.random.key(0), data.spec.batch)
  return {
    'parameters': trees.size(variables['params']),
    'published': [figure._asdict() for figure in experiment.published],
    'metrics': metrics.declared(),
    'data': {
      'source': data.spec.source,
      'digests': dict(data.digests()),
      'notes': list(data.notes),
    },
  }


def pictures(experiment: Experiment, run: train.Run) -> Sequence[Picture]:
  """Returns the pictures of the experiment on its run."""
  if experiment.report is None:
    return ()
  found = train.data_key(run.state), evaluate.variables(experiment, run.state)
  key, variables = multihost.local(found)
  make = experiment.report
  return attempted(lambda: make(variables, run.observed, experiment.data, key))


def attempted(make: Callable[[], Sequence[Picture]]) -> Sequence[Picture]:
  """Returns the pictures that `make` returns, or one that cannot be drawn.

  An error in the making of pictures must not cost the run that they are of; the page
  shows it in their place.
  """
  try:
    return make()
  except UserError:
    raise
  except Exception as error:
    return [Picture('Pictures', '', functools.partial(_raise, error))]


def _raise(error: Exception) -> Any:
  raise error
