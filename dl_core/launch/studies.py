"""Several runs, compared and drawn: `--seeds=N`, and modules with a `study`.

Each run has the folder WORKDIR/LABEL and is a run like any other. Finished runs are
left alone, so a study resumes. A module with `draw(config)` and neither `study` nor
`build` has no runs and only draws.
"""

import collections
import contextlib
import dataclasses
import functools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from dl_core import config
from dl_core.launch import flags, jobs, order, predict, seeds
from dl_core.launch.jobs import Job
from dl_core.report import claims
from dl_core.runtime import compilation, multihost
from dl_core.train import history, log, manifest, workdir
from dl_core.train.progress import Progress
from dl_core.types import Experiment, Picture, Study, UserError, Variables

DRAWN = 10  # most seeds whose runs each have a report of their own


class Finished(NamedTuple):
  """A run of a study, as `Study.draw` sees it.

  Attributes:
    experiment: what it is.
    lines: of metrics.jsonl; the last one is the result on the test split.
    observed: {step: arrays}.
    variables: () -> those of the model that was tested, read from its checkpoint.
  """

  experiment: Experiment
  lines: list[log.Line]
  observed: dict[int, Any]
  variables: Callable[[], Variables] | None = None


def of(module: ModuleType, c: config.Drawing) -> Study | None:
  """Returns the requested study; None if one run is requested."""
  if not hasattr(module, 'study') and not hasattr(module, 'build'):
    return Study({}, lambda _: module.draw(c))
  if not config.trains(c):
    return module.study(c)
  if c.seed + c.seeds > 2**32:
    raise UserError(
      f'--seeds={c.seeds} was given with --seed={c.seed}; seeds end at {2**32 - 1}'
    )
  study = module.study(c) if hasattr(module, 'study') else None
  if c.seeds == 1 and study is None:
    return None
  asked = study.runs if study else {'': (module, c)}
  runs, labels = {}, collections.defaultdict(list)
  for label, (each, own) in asked.items():
    for seed in range(c.seed, c.seed + c.seeds):
      called = f'{label}-seed-{seed}'.lstrip('-') if c.seeds > 1 else label
      runs[called] = each, dataclasses.replace(own, seed=seed)
      labels[label].append(called)
  if study is None or study.draw is None:
    return Study(runs)
  draw = study.draw
  return study._replace(
    runs=runs,
    draw=lambda found: draw(
      {label: [found[one] for one in called] for label, called in labels.items()}
    ),
  )


class Plan(NamedTuple):
  """A requested study: its owner, its folder, {label: its run}.

  Attributes:
    owner, folder, jobs: see above.
    note: how to draw a single run, if there are too many to draw each.
  """

  owner: workdir.Owner
  folder: Path
  jobs: dict[str, Job]
  note: str = ''

  @property
  def finished(self) -> bool:
    done = all(job.finished for job in self.jobs.values())
    fresh = self.owner.config.fresh
    return done and not fresh and workdir.finished(self.folder)

  @property
  def folders(self) -> dict[str, Path]:
    return {label: job.folder for label, job in self.jobs.items()}


def plan(module: ModuleType, name: str, c: config.Drawing, study: Study) -> Plan:
  """Builds the runs of a study; see `jobs.plan`."""
  sources = {each.build(own).data.spec.source for each, own in study.runs.values()}
  sources |= {*study.sources}
  more = {'runs': list(study.runs)}
  owner = workdir.Owner(
    name, module.__doc__ or name, c, ', '.join(sorted(sources)), more
  )
  folder = workdir.find(owner)
  if not c.fresh:
    workdir.check(folder, owner)
  planned, note = {}, ''
  draws = not config.trains(c) or c.seeds <= DRAWN
  for label, (each, own) in study.runs.items():
    place = str(folder / label)
    own = dataclasses.replace(own, workdir=place, seeds=1, **config.handed(c))
    called = name if each is module else each.__name__.rpartition('.')[2]
    planned[label] = jobs.plan(each, called, own, runs=study.runs)._replace(draws=draws)
    if not draws and not note:
      note = (
        f'With more than {DRAWN} seeds, single runs have no report until it is asked '
        f'for, as by {flags.command(each, called, own)}'
      )
  order.made(planned)  # raises where there is none
  return Plan(owner, folder, planned, note)


def perform(
  plan: Plan, study: Study, interrupted: Callable[[], Any], progress: Progress
) -> bool:
  """Makes the runs that are not finished, then the page that compares them.

  Returns:
    Whether all runs are finished: False after an interrupt or --max_seconds.
  """
  c, begun = plan.owner.config, time.monotonic()
  most = c.max_seconds if config.trains(c) else 0.0
  with contextlib.ExitStack() as stack:

    def claim():
      stack.enter_context(workdir.locked(plan.folder))
      if c.fresh:
        before = workdir.read_json(plan.folder / 'config.json').get('identity', {})
        for label in before.get('runs', ()):
          workdir.clear(plan.folder / label)
        workdir.clear(plan.folder)
      workdir.claim(plan.folder, plan.owner)
      manifest.write(plan.folder, {})

    multihost.on_first(claim)
    late = lambda: 0 < most < time.monotonic() - begun
    stop = lambda: interrupted() or late()
    due = order.made(plan.jobs)
    left = {label: job for label, job in due.items() if not job.finished}
    number = len(plan.jobs) - len(left) + 1
    for group in seeds.alike(left):
      group, both, shared = seeds.level(group)
      for labels in [list(group)] if both else [[label] for label in group]:
        progress.say(f'{", ".join(labels)} ({number} of {len(plan.jobs)})')
        runs = [group[label] for label in labels]
        if not jobs.perform(runs, stop, progress, shared):
          return False
        number += len(labels)
      compilation.spare()  # the next group has settings of its own
    # Every process draws: a model is read by all processes that saved it.
    make = study.draw
    pictures = jobs.attempted(lambda: make(finished(plan))) if make else ()
    multihost.on_first(functools.partial(conclude, plan, pictures, begun))
  return True


def finished(plan: Plan) -> dict[str, Finished]:
  """Reads the results of the runs of a study, all of them finished."""
  silent = lambda text: None
  return {
    label: Finished(
      job.experiment,
      log.read(job.folder / 'metrics.jsonl'),
      log.observed(job.folder),
      functools.partial(predict.Trained(job.experiment, job.folder).variables, silent),
    )
    for label, job in plan.jobs.items()
  }


def conclude(plan: Plan, pictures: Sequence[Picture], begun: float) -> None:
  """Writes the results of a study, and its page."""
  claims.write(plan.folder, pictures)
  c = plan.owner.config
  same = config.trains(c) and c.seeds == len(plan.jobs)
  found = [claims.line(plan.folder, time.monotonic() - begun)]
  found = lines_of(plan.folders, same) if plan.jobs else found
  text = ''.join(json.dumps(line) + '\n' for line in found)
  workdir.write(plan.folder / 'metrics.jsonl', text)
  page = plan.folder / 'report' / 'index.html'
  title, doc = plan.owner.name, plan.owner.doc.strip().splitlines()[0]
  from dl_core.report import compare

  compare.write(plan.folders, page, pictures, title=title, doc=doc, note=plan.note)


def summary(plan: Plan) -> str:
  """Returns the lines that end a study on the terminal."""
  from dl_core.report import compare

  table = [compare.summary(plan.folders)] if plan.jobs else []
  note = [plan.note] if plan.note else []
  return '\n'.join([*table, *note, *claims.said(plan.folder)])


def lines_of(runs: Mapping[str, Path], same: bool) -> list[dict[str, Any]]:
  """Returns the lines of metrics.jsonl of a study.

  Runs that differ only in their seed are averaged line by line, with means and standard
  deviations; otherwise there is one line per run, its result under its label.
  """
  lines = {label: log.read(run / 'metrics.jsonl') for label, run in runs.items()}
  if same:
    return history.together(list(lines.values()))
  return [each[-1] | {'run': label} for label, each in lines.items()]
