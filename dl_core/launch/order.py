"""The order in which the runs of a study are made: `--init_from=study:LABEL`."""

from collections.abc import Mapping

from dl_core.launch.jobs import Job
from dl_core.models.weights import files
from dl_core.train import siblings
from dl_core.types import UserError


def made(planned: Mapping[str, Job]) -> dict[str, Job]:
  """Puts each run after the run of the study that it starts from.

  Raises:
    UserError: they start from each other.
  """
  found: dict[str, Job] = {}
  while len(found) < len(planned):
    ready = {
      label: job
      for label, job in planned.items()
      if label not in found and {*sources(job, planned)} <= found.keys()
    }
    if not ready:
      left = [label for label in planned if label not in found]
      raise UserError(
        f'the runs {", ".join(left)} start from each other; give one of them another '
        '--init_from'
      )
    found |= ready
  return found


def sources(job: Job, planned: Mapping[str, Job]) -> list[str]:
  """Returns the label of the run that a run starts from, if that is of its study."""
  c = job.experiment.config
  if not files.sibling(c.init_from):
    return []
  return [siblings.find(job.folder, c, planned).name]
