"""The folder of a run: its path, its lock, its settings, its origin.

It holds config.json, manifest.json, metrics.jsonl, observed/, tensorboard/,
checkpoints/ and report/index.html; of a run on text vocabulary.json, too.
"""

import contextlib
import errno
import fcntl
import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import jax

from dl_core import config
from dl_core.train import log
from dl_core.types import UserError

# Settings of JAX that decide what a run computes, with their defaults. Environment
# variables set them, too.
DEFAULTS = {
  'jax_allow_f16_reductions': True,
  'jax_default_matmul_precision': None,
  'jax_default_prng_impl': 'threefry2x32',
  'jax_enable_x64': False,
  'jax_high_dynamic_range_gumbel': False,
  'jax_numpy_dtype_promotion': 'standard',
  'jax_random_seed_offset': 0,
  'jax_threefry_partitionable': True,
}
# In the order in which --fresh drops them: until all else is gone, config.json says
# that it is ours to drop.
CONTENTS = (
  'manifest.json', 'metrics.jsonl', 'claims.json', 'observed', 'tensorboard',
  'checkpoints', 'report', 'profile', 'vocabulary.json', 'target_vocabulary.json',
  'config.json',
)  # fmt: skip


class Owner(NamedTuple):
  """The owner of a workdir.

  Attributes:
    name, doc: of the experiment or study.
    config: its settings.
    source: of its data.
    more: what else its result depends on, {name: value}.
    classes: label names.
  """

  name: str
  doc: str
  config: config.Drawing
  source: str
  more: Mapping[str, Any] = MappingProxyType({})
  classes: Sequence[str] = ()
  declaration: Mapping[str, Any] = MappingProxyType({})

  @property
  def identity(self) -> dict[str, Any]:
    return config.settings(self.config, self.source) | dict(self.more) | altered()


def altered() -> dict[str, Any]:
  """Returns the settings of JAX that decide results, where they are not the defaults.

  They are part of a run's identity: other random numbers are other batches.
  """
  found = {name: getattr(jax.config, name) for name in DEFAULTS}
  return {name: value for name, value in found.items() if value != DEFAULTS[name]}


def find(owner: Owner) -> Path:
  """Returns the workdir of a run: as given, or named by the settings that matter."""
  if owner.config.workdir:
    return config.path(owner.config.workdir)
  return Path('runs') / f'{owner.name}-{config.fingerprint(owner.identity)}'


def inside(folder: Path) -> list[Path]:
  """Returns the workdirs of the runs that a folder holds: of seeds, or of a study."""
  return sorted(file.parent for file in folder.glob('*/config.json'))


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
  """Creates the folder and holds it against a second run.

  The lock is the kernel's: it goes with the process, however that ends.

  Raises:
    UserError: the folder cannot be made or written, or another run holds it.
  """
  try:
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / 'lock').open('a+', encoding='utf-8', errors='replace')
  except OSError as error:
    raise UserError(
      f'the workdir {folder} cannot be written ({error.strerror}); name another one '
      'with --workdir'
    ) from None
  with file:
    try:
      fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
      if error.errno != errno.EWOULDBLOCK:
        raise UserError(
          f'the file system of the workdir {folder} offers no locks '
          f'({error.strerror}), which keep two runs apart; name a --workdir elsewhere'
        ) from None
      file.seek(0)
      raise UserError(
        f'{file.read().strip() or "another process"} is at work in {folder}; wait for '
        'it, or name another --workdir'
      ) from None
    file.truncate(0)
    file.write(f'process {os.getpid()} on {socket.gethostname()}')
    file.flush()
    yield


@contextlib.contextmanager
def kept(folders: Sequence[Path]) -> Iterator[None]:
  """Explains errors that are caused by a workdir removed during the run."""
  try:
    yield
  except (OSError, UserError) as error:
    for folder in folders:
      if not (folder / 'config.json').exists():
        raise UserError(
          f'the workdir {folder} has been moved or removed while the run was at work '
          'in it; put it back and give the same command again'
        ) from error
    raise


def clear(folder: Path) -> None:
  """Drops what a run left in the folder, and nothing else.

  Raises:
    UserError: the folder holds such files, but is not the workdir of a run.
  """
  if not any((folder / name).exists() for name in CONTENTS):
    return
  read_config(folder)
  for name in (*CONTENTS[:-1], 'plan.json', CONTENTS[-1]):
    path = folder / name
    if path.is_dir() and not path.is_symlink():
      shutil.rmtree(path)
    else:
      path.unlink(missing_ok=True)


def check(folder: Path, owner: Owner) -> None:
  """Compares a run with the one that the folder holds, if it holds one.

  Raises:
    UserError: it is of another experiment, of other settings or of other data, or it
      cannot be told.
  """
  if not any((folder / part).exists() for part in CONTENTS):
    return
  stored = read_config(folder)
  if stored['experiment'] != owner.name:
    raise UserError(
      f'{folder} holds a run of {stored["experiment"]}, and {owner.name} was called; '
      'name another --workdir'
    )
  before, now = stored['identity'], owner.identity
  if 'declaration' not in stored:  # an earlier version, which did not record them
    now = {name: value for name, value in now.items() if name not in DEFAULTS}
  different = [
    f'{key} was {before.get(key)!r} and is now {now.get(key)!r}'
    for key in sorted(before.keys() | now.keys())
    if before.get(key) != now.get(key)
  ]
  if different:
    raise UserError(
      f'{folder} holds a run of other settings: {"; ".join(different)}; give the '
      'settings it has, name another --workdir, or start over with --fresh'
    )


def claim(folder: Path, owner: Owner) -> None:
  """Writes config.json, which says what run the folder holds."""
  c = owner.config
  write_json(
    folder / 'config.json',
    {
      'experiment': owner.name,
      'doc': owner.doc.strip().splitlines()[0],
      'settings': config.written(c),
      'defaults': config.written(type(c)()),
      'identity': owner.identity,
      'source': owner.source,
      'classes': list(owner.classes),
      'declaration': dict(owner.declaration),
    },
  )


def read_config(folder: Path) -> dict[str, Any]:
  """Reads config.json. Raises UserError where it is missing or not ours."""
  stored = read_json(folder / 'config.json')
  if stored.keys() >= {'experiment', 'identity', 'settings', 'classes'}:
    return stored
  if not folder.exists():
    raise UserError(f'there is no folder {folder}; name the workdir of a run')
  state = 'a damaged or foreign' if (folder / 'config.json').exists() else 'no'
  raise UserError(
    f'{folder} has {state} config.json, so it is not the workdir of a run; name that '
    'of a run which has been trained, or to train, an empty folder'
  )


def read_json(path: Path) -> dict[str, Any]:
  """Reads a JSON object; {} where there is none, or a damaged one."""
  try:
    value = json.loads(path.read_text(encoding='utf-8'))
  except (OSError, ValueError):
    return {}
  return value if isinstance(value, dict) else {}


def finished(folder: Path) -> bool:
  """Returns whether the run in the folder has its result and its report."""
  return log.tested(folder) and (folder / 'report' / 'index.html').exists()


def write_json(path: Path, value: Any) -> None:
  """Writes a JSON file whole or not at all."""
  write(path, json.dumps(value, indent=2) + '\n')


def write(path: Path, text: str) -> None:
  """Writes a text file whole or not at all; what is no character is escaped."""
  draft = path.with_name(f'.{path.name}.{os.getpid()}')
  try:
    draft.write_text(text, encoding='utf-8', errors='backslashreplace')
    os.replace(draft, path)
  except OSError:
    with contextlib.suppress(OSError):
      draft.unlink()
    raise
