"""Runs that differ only in their seed: built once, trained together if it is faster."""

import json
from collections.abc import Mapping

import jax

from dl_core import train, trees
from dl_core.launch import jobs
from dl_core.launch.jobs import Job
from dl_core.runtime import flops
from dl_core.train import compiled, recorder
from dl_core.types import Experiment

# Most parameters of a model whose seeds are trained side by side. Above it, and with
# convolutions on CPU, one after another is faster (BUILD_NOTES.md has the figures). So
# are seeds whose steps choose among programs: side by side, they compute all of them.
SMALL = {'cpu': 200_000}
SMALL_ELSEWHERE = 4_000_000


def alike(left: Mapping[str, Job]) -> list[dict[str, Job]]:
  """Groups the runs that differ only in their seed."""
  found: dict[str, dict[str, Job]] = {}
  for label, job in left.items():
    same = job.owner.identity | {'experiment': job.owner.name, 'seed': 0}
    found.setdefault(json.dumps(same, sort_keys=True), {})[label] = job
  return list(found.values())


def level(
  group: dict[str, Job],
) -> tuple[dict[str, Job], bool, compiled.Compiled | None]:
  """Builds one experiment for runs that differ only in their seed.

  Returns:
    The runs; whether to train them side by side; their compiled step, None for a
    single run.
  """
  if len(group) == 1:
    return group, False, None
  # All runs use the model, the data and the compiled step of the first.
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
  """Returns whether seeds of an experiment can be trained side by side, and faster."""
  c = experiment.config
  if c.patience or c.until or not quick(experiment):
    return False
  return jobs.read(experiment, 0) is jobs.read(experiment, 1)  # resident data


def quick(experiment: Experiment) -> bool:
  """Returns whether one step of several seeds is faster than one step of each."""
  backend = jax.default_backend()
  state = train.shapes(experiment)
  if trees.size(state.params) > SMALL.get(backend, SMALL_ELSEWHERE):
    return False
  update = train.make_update(experiment.task, experiment.optimizers)
  program = jax.make_jaxpr(update)(state, experiment.data.spec.batch)
  if flops.chooses(program.jaxpr):
    return False
  return backend != 'cpu' or 'conv_general_dilated' not in str(program)
