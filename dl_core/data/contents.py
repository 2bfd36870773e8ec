"""Digests of the contents of many files; a later start reads only changed files.

A file counts as unchanged while its place on the disk, its size and the times of its
last change are what they were. The last of them, the time of change of its inode, is
set by the kernel alone: who writes a file and sets its time of modification back
changes it. A file that was changed less than SETTLED before it was read is read again
at the next start, too, for the clock of a file system may be that coarse.
"""

import concurrent.futures
import contextlib
import hashlib
import itertools
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dl_core.data import cache, pillow
from dl_core.runtime import compilation
from dl_core.types import UserError

SETTLED = 2.0  # seconds
Status = tuple[int, ...]  # device, inode, size, times of change: of content, of inode


class Known(NamedTuple):
  """What is known of a file: its status when it was read, the digest of its bytes."""

  status: Status
  digest: bytes


def digest(root: Path, paths: Sequence[Path]) -> str:
  """Returns 16 hexadecimal digits over the bytes of files, in their order.

  Args:
    root: the folder of the files; the user's cache keeps their digests.
    paths: of the files.

  Raises:
    UserError: a file cannot be read.
  """
  place, names = _place(root), [os.fsencode(os.path.relpath(p, root)) for p in paths]
  known, settled = _read(place), time.time_ns() - int(SETTLED * 1e9)
  statuses = list(map(_status, paths))
  same = {
    name: known[name]
    for name, status in zip(names, statuses, strict=True)
    if name in known and known[name].status == status
  }
  changed = [number for number, name in enumerate(names) if name not in same]
  fresh = zip(changed, _digests([paths[number] for number in changed]), strict=True)
  now = same | {names[number]: Known(statuses[number], read) for number, read in fresh}
  total = hashlib.sha256(b''.join(now[name].digest for name in names))
  kept = {name: one for name, one in now.items() if max(one.status[-2:]) < settled}
  if kept != known:
    _keep(place, kept)
  return total.hexdigest()[:16]


def _digests(paths: Sequence[Path]) -> Iterator[bytes]:
  """Reads files by threads; yields the digest of each."""
  read = lambda path: hashlib.sha256(pillow.read(str(path)).content).digest()
  left = iter(paths)
  with concurrent.futures.ThreadPoolExecutor() as pool:
    for chunk in iter(lambda: list(itertools.islice(left, pillow.CHUNK)), []):
      yield from pool.map(read, chunk)


def _status(path: Path) -> Status:
  """Returns what changes when a file does; it is taken before the file is read."""
  try:
    found = os.stat(path)
  except OSError as error:
    raise UserError(
      f'{path} cannot be read ({error.strerror}); mend or remove it'
    ) from error
  times = found.st_mtime_ns, found.st_ctime_ns
  return found.st_dev, found.st_ino, found.st_size, *times


def _place(root: Path) -> Path:
  """Returns the path of the file in the user's cache that keeps a folder's digests."""
  name = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:16]
  return compilation.cache() / 'dl_core' / 'digests' / f'{name}.npz'


def _read(place: Path) -> dict[bytes, Known]:
  """Reads what an earlier start kept; {} where that is absent or damaged."""
  with contextlib.suppress(Exception), open(place, 'rb') as file, np.load(file) as kept:
    names = kept['names'].tobytes().split(b'\0')
    statuses, digests = kept['statuses'].tolist(), kept['digests']
    return {
      name: Known(tuple(status), digest.tobytes())
      for name, status, digest in zip(names, statuses, digests, strict=True)
    }
  return {}


def _keep(place: Path, known: dict[bytes, Known]) -> None:
  """Keeps digests for the next start; without a cache folder nothing is kept."""
  if not place.is_absolute():  # nobody's home
    return
  with contextlib.suppress(OSError):
    place.parent.mkdir(parents=True, exist_ok=True)
  digests = [np.frombuffer(one.digest, np.uint8) for one in known.values()]
  arrays = {
    'names': np.frombuffer(b'\0'.join(known), np.uint8),
    'statuses': np.array([one.status for one in known.values()], np.int64),
    'digests': np.array(digests, np.uint8),
  }
  cache.keep(place, arrays)
