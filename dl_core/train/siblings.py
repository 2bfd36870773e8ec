"""Runs of one study that start from each other: `--init_from=study:LABEL`.

With several seeds, a run starts from the run of its own seed.
"""

import re
from collections.abc import Collection
from pathlib import Path

from dl_core.config import Config
from dl_core.models.weights import files
from dl_core.train import log, workdir
from dl_core.types import UserError


def find(folder: Path, c: Config, runs: Collection[str]) -> Path:
  """Returns the workdir of the run that `--init_from=study:LABEL` names.

  Args:
    folder: workdir of the run that starts from it.
    c: settings of that run.
    runs: labels of the study, which are the names of the folders of its runs.

  Raises:
    UserError: the study has no such run, or it is the run itself.
  """
  label = c.init_from.removeprefix(files.STUDY)
  names = [name for name in (f'{label}-seed-{c.seed}', label) if name in runs]
  if not names:
    known = dict.fromkeys(re.sub(r'(.)-seed-\d+$', r'\1', name) for name in runs)
    raise UserError(
      f'--init_from={c.init_from} was given, but the study in {folder.parent} has no '
      f'run {label}; name one of {", ".join(known)}'
    )
  if names[0] == folder.name:
    raise UserError(
      f'--init_from={c.init_from} was given to the run {folder.name} itself; name '
      'another run of the study'
    )
  return folder.parent / names[0]


def finished(folder: Path, c: Config) -> Path:
  """Returns the workdir of the named run of a study that has begun; see `find`.

  Raises:
    UserError: the folder belongs to no study, or the named run is not finished.
  """
  stored = workdir.read_json(folder.parent / 'config.json') if c.workdir else {}
  runs = stored.get('identity', {}).get('runs', ())
  if folder.name not in runs:
    raise UserError(
      f'--init_from={c.init_from} was given, which only a run of a study can start '
      'from; give a workdir, a file of weights, or the --workdir of such a run'
    )
  path = find(folder, c, runs)
  if not log.tested(path):
    raise UserError(
      f'--init_from={c.init_from} was given, and the run in {path} is not finished; '
      'give the command of the study'
    )
  return path
