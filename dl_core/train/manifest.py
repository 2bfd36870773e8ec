"""The origin of a run: command, versions, machine, data, for manifest.json."""

import datetime
import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax

from dl_core.train import workdir
from dl_core.types import UserError

LIBRARIES = ('jax', 'jaxlib', 'flax', 'optax', 'numpy', 'orbax-checkpoint')


def write(folder: Path, about: Mapping[str, Any]) -> None:
  """Writes manifest.json, to repeat the run by; a resumed run adds its start.

  Args:
    folder: the workdir.
    about: what is known of the run itself, {'data': {'digests': ...}, ...}.

  Raises:
    UserError: the run is a resumed one, and its data are not what they were.
  """
  path = folder / 'manifest.json'
  before = workdir.read_json(path)
  starts = before.get('starts', [])
  digests = [dict(each.get('data', {}).get('digests', {})) for each in (before, about)]
  # A set that is streamed now and was not before has digests of other things.
  if any(
    digests[0][name] != digests[1][name] for name in digests[0].keys() & digests[1]
  ):
    raise UserError(
      f'the data of the run in {folder} have changed since it began; restore them, or '
      'start over with --fresh'
    )
  now = datetime.datetime.now(datetime.UTC).isoformat(timespec='seconds')
  workdir.write_json(
    path,
    {
      'command': command(),
      'started': (starts or [now])[0],
      'starts': [*starts, now],
      **surroundings(),
      **about,
    },
  )


def surroundings() -> dict[str, Any]:
  """Returns the machine, the devices and the versions of this process."""
  return {
    'git': revision(),
    'versions': {'python': platform.python_version()}
    | {name: importlib.metadata.version(name) for name in LIBRARIES},
    'machine': f'{platform.machine()}, {os.cpu_count()} cores',
    'platform': jax.default_backend(),
    'devices': [f'{d.platform}:{d.id} {d.device_kind}' for d in jax.devices()],
    'xla_flags': os.environ.get('XLA_FLAGS', ''),
  }


def revision() -> str:
  """Returns the git revision of this code: 'abc1234', 'abc1234 (changed)' or ''."""
  git = ['git', '-C', str(Path(__file__).parent)]
  try:
    run = lambda *words: (
      subprocess.run([*git, *words], capture_output=True, check=True, timeout=10)
      .stdout.decode(errors='replace')
      .strip()
    )
    changed = run('status', '--porcelain', '--untracked-files=no')
    return run('rev-parse', '--short', 'HEAD') + (' (changed)' if changed else '')
  except (OSError, subprocess.SubprocessError):
    return ''


def command() -> str:
  """Returns the command that this process was called by, as one would type it."""
  spec = getattr(sys.modules['__main__'], '__spec__', None)
  program = ['-m', spec.name] if spec else [sys.argv[0]]
  return shlex.join(['python', *program, *sys.argv[1:]])


def resume_command() -> str:
  """Returns the command that goes on with a run: the same one, less --fresh."""
  words = [word for word in shlex.split(command()) if word != '--fresh']
  return shlex.join(words)
