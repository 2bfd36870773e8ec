"""SIGINT and SIGTERM: the first asks the run to save and stop, the second stops it."""

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any


class Interrupted(BaseException):  # like KeyboardInterrupt, nobody's `except Exception`
  """A second signal came, or one where there is nothing to save."""

  def __init__(self, number: int):
    self.code, self.name = 128 + number, signal.Signals(number).name
    super().__init__(self.name)


class Signals:
  """Handles both signals while it is entered."""

  def __init__(self):
    self._came: list[int] = []
    self._before: dict[int, Any] = {}

  def __enter__(self) -> 'Signals':
    for number in (signal.SIGINT, signal.SIGTERM):
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
    os.write(2, b'\nto be saved and stopped; once more stops at once\n')

  def pending(self) -> bool:
    """Returns whether a signal came: the run should save and stop."""
    return bool(self._came)

  def code(self) -> int:
    """Returns the exit code of a run that saved and stopped: 0 if no signal came."""
    return 128 + self._came[0] if self._came else 0


@contextlib.contextmanager
def at_once() -> Iterator[None]:
  """Makes signals end the process at once, for commands with nothing to save.

  A closed pipe ends it quietly too: `... | head` is no error.
  """
  numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)
  before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
  try:
    yield
  finally:
    for number, handler in before.items():
      signal.signal(number, handler)
