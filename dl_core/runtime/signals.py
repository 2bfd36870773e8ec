"""SIGINT, SIGTERM, SIGHUP: the first asks a run to save and stop, the next stops it."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any

from dl_core.runtime import streams

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):  # like KeyboardInterrupt, nobody's `except Exception`
  """A second signal came, or one where there is nothing to save."""

  def __init__(self, number: int):
    self.code, self.name = 128 + number, signal.Signals(number).name
    super().__init__(self.name)


class Signals:
  """Handles these signals while it is entered; a SIGHUP that nohup ignores stays so."""

  def __init__(self):
    self._came: list[int] = []
    self._before: dict[int, Any] = {}

  def __enter__(self) -> 'Signals':
    for number in handled():
      self._before[number] = signal.signal(number, self._handle)
    return self

  def __exit__(self, *_) -> None:
    for number, handler in self._before.items():
      signal.signal(number, handler)

  def _handle(self, number: int, frame: FrameType | None) -> None:
    del frame
    self._came.append(number)
    if len(self._came) > 1:
      raise Interrupted(number)
    streams.warn('\nsaving and stopping; a second signal stops at once')

  def pending(self) -> bool:
    """Returns whether a signal came: the run should save and stop."""
    return bool(self._came)

  def code(self) -> int:
    """Returns the exit code of a run that saved and stopped: 0 if no signal came."""
    return 128 + self._came[0] if self._came else 0


def handled() -> list[signal.Signals]:
  """Returns the signals to handle: all, less a SIGHUP that is ignored, as by nohup."""
  ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
  return [each for each in NUMBERS if each != signal.SIGHUP or not ignored]


@contextlib.contextmanager
def at_once() -> Iterator[None]:
  """Makes signals end the process at once, for commands with nothing to save.

  A closed pipe ends it quietly too: `... | head` is no error.
  """
  numbers = (*handled(), signal.SIGPIPE)
  before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
  try:
    yield
  finally:
    for number, handler in before.items():
      signal.signal(number, handler)
