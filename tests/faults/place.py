"""Where faults are made, and what is said of each."""

import shutil
from pathlib import Path
from typing import NamedTuple

from tests.runs import Runs, resumed, uninterrupted


class Seen(NamedTuple):
  """A row of the table.

  Attributes:
    done: how the fault was made, and where it hit.
    happened: what the run did about it.
    code: its exit code, or several.
    lost: by comparison with a run that nobody interrupts.
  """

  done: str
  happened: str
  code: str
  lost: str = 'nothing'


class Place:
  """A folder in which runs are started, damaged and compared."""

  def __init__(self, folder):
    self.folder = Path(folder)
    self.data_dir = self.folder / 'data'
    self.data_dir.mkdir(parents=True)
    self._stopped = self.runs('stopped')
    self._stopped.stop()
    assert len(self._stopped.steps()) >= 2

  def runs(self, name, case='lenet', **options):
    """Runs in a workdir of that name."""
    return Runs(self.folder / name, self.data_dir, case, **options)

  def whole(self, case='lenet', **options):
    return uninterrupted(self.data_dir, case, **options)

  def stopped(self, name, **options):
    """A run that has been stopped by a signal with two checkpoints, and can go on."""
    runs = self.runs(name, **options)
    shutil.copytree(self._stopped.folder, runs.folder)
    return runs

  def lost(self, runs, at_least=1, case='lenet'):
    """Gives the same command again, to the end; says what an uninterrupted run has
    besides: 'nothing'.

    It must have gone on from a checkpoint at the step `at_least` or later.
    """
    out = runs.finish()
    assert (resumed(out) or 0) >= at_least, out
    return compared(runs.end(), self.whole(case))


def compared(found, wanted):
  """Says what of the ends of runs differs; 'nothing' where they are the same bits."""
  leaves, lines = [], []
  for (a, b), (c, d) in zip(found, wanted, strict=True):
    leaves += [name for name in a.keys() | c.keys() if a.get(name) != c.get(name)]
    lines += [line for line in d if line not in b] + [
      line for line in b if line not in d
    ]
    lines += [] if len(b) == len(d) else ['their number']
  return 'nothing' if found == wanted else f'leaves {leaves[:3]}, lines {lines[:2]}'


def flip(path, place, bit=0):
  """Flips one bit of a file."""
  content = bytearray(path.read_bytes())
  content[place] ^= 1 << bit
  path.write_bytes(content)


def contents(folder):
  """{path: bytes} of all files of a workdir but its lock."""
  files = (path for path in folder.rglob('*') if path.is_file())
  return {path: path.read_bytes() for path in files if path.name != 'lock'}
