"""Makes the runs that a page lacks, one after another, each in a process of its own.

A run that a signal or a crash cut short goes on where it was when the same command is
given again: each has a fixed workdir, and finished ones are left alone.
"""

import fcntl
import functools
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dl_core.course import words
from dl_core.course.texts import Texts
from dl_core.runtime.signals import Signals


class Due(NamedTuple):
  """A run that is missing.

  Attributes:
    command: 'NAME FLAGS'.
    folder: its workdir.
    seconds: its recorded time, None if there is none.
  """

  command: str
  folder: Path
  seconds: float | None


class Pace(NamedTuple):
  """How long runs took here, and how long the same ones took when recorded."""

  here: float = 0.0
  recorded: float = 0.0

  @property
  def factor(self) -> float:
    return self.here / self.recorded if self.recorded else 1.0


def make(
  due: Sequence[Due],
  package: str,
  texts: Texts,
  say: Callable[[str], object],
  made: Callable[[Due], object],
) -> tuple[int, list[str]]:
  """Makes runs; returns an exit code and the commands that failed.

  Args:
    due: what to make.
    package: of the experiments, as in `python -m PACKAGE.NAME`.
    texts: of the progress lines.
    say: takes each progress line.
    made: called after each run that ended well.

  Returns:
    128 + its number if a signal came, 1 if a run failed, else 0.
  """
  failed: list[str] = []
  pace = Pace()
  with Signals() as signals:
    for number, each in enumerate(due):
      say(progress(due, number, pace, texts))
      wait(
        each.folder, functools.partial(say, texts('page.waiting', folder=each.folder))
      )
      begun = time.monotonic()
      code = run(each, package, signals)
      if signals.pending():
        return signals.code(), failed
      if code:
        failed.append(each.command)
        say(texts('page.failed', command=each.command, code=code))
        continue
      if each.seconds:
        took = time.monotonic() - begun
        pace = Pace(pace.here + took, pace.recorded + each.seconds)
      made(each)
  return (1 if failed else 0), failed


def run(due: Due, package: str, signals: Signals) -> int:
  """Makes one run in a session of its own; returns the exit code of its process.

  The first signal is passed on, so that the run saves what it has.
  """
  name, *flags = shlex.split(due.command)
  called = [f'{package}.{name}', *flags, f'--workdir={due.folder}']
  process = subprocess.Popen(
    [sys.executable, '-m', *called], env=_environment(), start_new_session=True
  )
  told = False
  while True:
    try:
      return process.wait(timeout=0.5)
    except subprocess.TimeoutExpired:
      if signals.pending() and not told:
        process.terminate()
        told = True


def wait(folder: Path, say: Callable[[], object]) -> None:
  """Waits while another process is at work in a workdir, such as an orphaned run."""
  said = False
  while not _free(folder):
    if not said:
      say()
      said = True
    time.sleep(1)


def _free(folder: Path) -> bool:
  try:
    with (folder / 'lock').open('r+') as file:
      fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
  except BlockingIOError:
    return False
  except OSError:  # there is no workdir yet, or none that can be used: the run says so
    return True
  return True


def _environment() -> Mapping[str, str]:
  """Returns the environment of a run: it imports the packages that this process has."""
  root = str(Path(__file__).parents[2])
  path = [root, *filter(None, [os.environ.get('PYTHONPATH')])]
  return {**os.environ, 'PYTHONPATH': os.pathsep.join(path)}


def progress(due: Sequence[Due], number: int, pace: Pace, texts: Texts) -> str:
  """Returns the line before a run: which it is, how long it and all the rest take."""
  each, left = due[number], due[number:]
  known = [one.seconds * pace.factor for one in left if one.seconds]
  parts = {'number': number + 1, 'all': len(due), 'command': each.command}
  own = (
    words.duration(texts, each.seconds * pace.factor)
    if each.seconds
    else texts('page.unknown')
  )
  line = texts(
    'page.progress', own=own, rest=words.duration(texts, sum(known)), **parts
  )
  more = len(left) - len(known)
  return line + (' ' + texts('page.untimed', n=more) if more else '')
