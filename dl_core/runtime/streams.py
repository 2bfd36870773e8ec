"""Standard streams that are closed, or whose reader has gone, never end a run."""

import contextlib
import os
import sys
from typing import Any


def open_closed() -> None:
  """Points closed standard descriptors at nothing.

  Otherwise the next file that is opened, such as metrics.jsonl, takes descriptor 1 or
  2, and what libraries print goes into it.
  """
  for number in (0, 1, 2):
    try:
      os.fstat(number)
    except OSError:
      os.open(os.devnull, os.O_RDWR)  # takes the lowest free descriptor: this one


def write(stream: Any, text: str) -> bool:
  """Writes and flushes; returns whether somebody can still read the stream.

  A terminal that was closed says EIO, a reader that left EPIPE. From then on the
  stream leads nowhere, so that nothing fails when Python flushes it on exit.

  Args:
    stream: a text stream; None where it was closed when the process started.
    text: what to write.
  """
  if stream is None:
    return False
  encoding = getattr(stream, 'encoding', None) or 'utf-8'
  try:
    stream.write(text.encode(encoding, 'replace').decode(encoding))
    stream.flush()
  except (OSError, ValueError):  # ValueError: it has been closed since
    _drop(stream)
    return False
  return True


def warn(text: str) -> None:
  """Writes a line to stderr from a signal handler; does nothing where that fails."""
  if sys.stderr is not None:
    with contextlib.suppress(OSError, ValueError):
      os.write(sys.stderr.fileno(), f'{text}\n'.encode(errors='replace'))


def settle() -> None:
  """Flushes the standard streams before the process exits; failures are ignored."""
  for stream in (sys.stdout, sys.stderr):
    write(stream, '')


def _drop(stream: Any) -> None:
  with contextlib.suppress(OSError, ValueError):
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
