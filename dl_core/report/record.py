"""Records finished runs in results.jsonl and renews the tables made of it.

python -m dl_core.report.record WORKDIR...  # appends runs, and studies by their claims
python -m dl_core.report.record --claims WORKDIR...   # keeps claims, no result or time
python -m dl_core.report.record             # only renews the tables

RESULTS.md has every row, README.md one row for each experiment. claims.jsonl has the
claims of each run that makes any, with what was measured for them; --claims renews them
alone, as on a machine that is too busy to measure times.
"""

import contextlib
import fcntl
import json
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from dl_core.models.weights import files
from dl_core.report import claims, grouping, results
from dl_core.runtime import streams
from dl_core.train import history, log, workdir
from dl_core.types import UserError

ROOT = Path(__file__).parents[2]
PLACES = {
  'data_dir': lambda given: 'DATA_DIR',
  'workdir': lambda given: 'WORKDIR',
  'init_from': files.place,
}


def row(folder: Path) -> results.Row:
  """Returns the row of results.jsonl for a finished run.

  Raises:
    UserError: the folder is no workdir, or its run has not ended.
  """
  stored = workdir.read_config(folder)
  manifest = workdir.read_json(folder / 'manifest.json')
  lines = log.read(folder / 'metrics.jsonl')
  if not manifest or not lines or lines[-1]['split'] != 'test':
    raise UserError(f'the run in {folder} has no result yet; let it end first')
  own = result(folder, lines)
  known = manifest.get('metrics') or {}
  return {
    'experiment': stored['experiment'],
    'doc': stored['doc'],
    'settings': {
      name: files.place(value) if name == 'init_from' else value
      for name, value in stored['identity'].items()
    },
    'result': own,
    'claims': [claim._asdict() for claim in claims.read(folder)],
    'metrics': {name: known[name] for name in own if name in known},
    'published': manifest.get('published', []),
    'parameters': manifest.get('parameters'),
    'command': public(manifest['command']),
    'started': manifest['started'],
    'git': manifest['git'],
    'machine': manifest['machine'],
    'devices': manifest['devices'],
    'versions': manifest['versions'],
  }


def result(folder: Path, lines: Sequence[history.Line]) -> history.Line:
  """Returns the result of a run, or the number of claims of a study that hold."""
  runs = workdir.read_json(folder / 'config.json')['identity'].get('runs')
  if not runs:
    return lines[-1]
  groups = grouping.read({label: folder / label for label in runs})
  seconds = sum(
    grouping.seconds(member) for group in groups for member in group.members
  )
  return claims.line(folder, seconds)


def public(command: str) -> str:
  """Returns a command with the paths of this machine replaced by names."""
  words = shlex.split(command)
  for number, word in enumerate(words):
    name, equals, given = word.lstrip('-').partition('=')
    if word.startswith('-') and name in PLACES:
      if equals:
        words[number] = f'--{name}={PLACES[name](given)}'
      elif number + 1 < len(words):
        words[number + 1] = PLACES[name](words[number + 1])
  return shlex.join(word for word in words if word != '--fresh')


def recorded(folder: Path) -> list[Path]:
  """Returns the workdirs to record for a folder: a study with claims is itself one."""
  return [folder] if claims.read(folder) else grouping.expand(folder)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
  """Locks the folder, once no other process records into it."""
  descriptor = os.open(folder, os.O_RDONLY)
  try:
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
  finally:
    os.close(descriptor)


def update(root: Path, new: Sequence[results.Row], only_claims: bool = False) -> None:
  """Appends rows to results.jsonl, keeps their claims, and renews both tables.

  With `only_claims` no row is appended. Each file is replaced whole, and one process
  at a time does so.

  Raises:
    UserError: the folder is not a checkout, or one of its files is damaged.
    OSError: a file cannot be read or written.
  """
  if not (root / 'results.jsonl').exists():
    raise UserError(
      f'{root} has no results.jsonl, so nothing can be recorded there; run python -m '
      'dl_core.report.record in a checkout of the repository'
    )
  with locked(root):
    text, readme = (_text(root / name) for name in ('results.jsonl', 'README.md'))
    text += '\n' if text and not text.endswith('\n') else ''
    if not only_claims:
      text += ''.join(
        json.dumps({k: v for k, v in entry.items() if k != 'claims'}) + '\n'
        for entry in new
      )
    groups = results.grouped(results.read(text))
    readme = results.renew(readme, results.chosen(groups))
    said = root / 'claims.jsonl'
    kept = results.said(_text(said) if said.exists() else '', new)
    # The rows come last: where a write fails, the same command may be given again.
    if kept:
      workdir.write(said, kept)
    workdir.write(root / 'README.md', readme)
    workdir.write(root / 'RESULTS.md', results.renew(results.ALL, groups))
    workdir.write(root / 'results.jsonl', text)


def _text(path: Path) -> str:
  """Reads a file of the checkout. Raises UserError where it is not UTF-8."""
  try:
    return path.read_text(encoding='utf-8')
  except UnicodeDecodeError:
    raise UserError(f'{path} is not UTF-8; restore it from git') from None


def main(folders: Sequence[str], root: Path = ROOT) -> int:
  """Records the runs in the folders and renews the tables; returns the exit code."""
  if {'-h', '--help'} & set(folders):
    streams.write(sys.stdout, f'{(__doc__ or "").strip()}\n')
    return 0
  try:
    only_claims = '--claims' in folders
    given = [Path(folder) for folder in folders if folder != '--claims']
    new = [row(run) for folder in given for run in recorded(folder)]
    update(root, new, only_claims)
  except UserError as error:
    print(f'error: {error}', file=sys.stderr)
    return 2
  except OSError as error:
    print(
      f'error: {error}; nothing was recorded, give the command again', file=sys.stderr
    )
    return 2
  what = 'claims of runs kept' if only_claims else 'runs recorded'
  done = f'{len(new)} {what}; README.md and RESULTS.md are up to date\n'
  streams.write(sys.stdout, done)
  return 0


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
