"""Runs that differ only in their seed: built once, trained together if it is faster."""

import json
from collections.abc import Mapping

import jax

from dl_core import train
from dl_core.launch import jobs
from dl_core.launch.jobs import Job
from dl_core.train import compiled, recorder
from dl_core.types import Experiment

# Seeds of models up to so many parameters are trained side by side. Above it, and with
# convolutions on CPU, one after another is quicker (BUILD_NOTES.md has the figures).
SMALL = {'cpu': 200_000}
SMALL_ELSEWHERE = 4_000_000


def alike(left: Mapping[str, Job]) -> list[dict[str, Job]]:
  """Puts together the runs that differ in their seeds alone."""
  found: dict[str, dict[str, Job]] = {}
  for label, job in left.items():
    same = job.owner.identity | {'experiment': job.owner.name, 'seed': 0}
    found.setdefault(json.dumps(same, sort_keys=True), {})[label] = job
  return list(found.values())


def level(
  group: dict[str, Job],
) -> tuple[dict[str, Job], bool, compiled.Compiled | None]:
  """Makes runs that differ in their seeds alone of one experiment.

  Returns:
    The runs; whether to train them side by side; what is compiled for all of them, None
    where there is but one.
  """
  if len(group) == 1:
    return group, False, None
  # What the first was built of, and what is compiled of it, serves all.
  first = next(iter(group.values())).experiment
  group = {
    label: job._replace(experiment=first._replace(config=job.owner.config))
    for label, job in group.items()
  }
  stand = [
    set() if job.owner.config.fresh else jobs.saved(job) for job in group.values()
  ]
  early = max([0, *set().union(*stand)]) < recorder.soon(first.config)
  both = (early or bool(set.intersection(*stand))) and together(first)
  layout = compiled.layout_of(first)
  return group, both, compiled.make(first, layout, len(group) if both else 1)


def together(experiment: Experiment) -> bool:
  """Tells whether seeds of it may, and should, be trained side by side."""
  c = experiment.config
  if c.patience or c.until or not quick(experiment):
    return False
  return jobs.read(experiment, 0) is jobs.read(experiment, 1)  # resident data


def quick(experiment: Experiment) -> bool:
  """Tells whether a few of its steps are quicker as one than one after another."""
  backend = jax.default_backend()
  state = train.shapes(experiment)
  size = sum(leaf.size for leaf in jax.tree.leaves(state.params))
  if size > SMALL.get(backend, SMALL_ELSEWHERE):
    return False
  update = train.make_update(experiment.task, experiment.optimizers)
  program = str(jax.make_jaxpr(update)(state, experiment.data.spec.batch))
  return backend != 'cpu' or 'conv_general_dilated' not in program
