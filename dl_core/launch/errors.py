"""Errors that the user can mend, each as one sentence; anything else is our bug."""

import errno

import jax

from dl_core.runtime import multihost
from dl_core.types import UserError

# What the user can do about an error of a file, by its errno.
FULL = 'make room or name another place, then give the same command again'
CLOSED = (
  'change its permissions or name another place, then give the same command again'
)
REFUSED = {
  errno.ENOSPC: FULL,
  errno.EDQUOT: FULL,
  errno.EFBIG: FULL,
  errno.EROFS: CLOSED,
  errno.EACCES: CLOSED,
  errno.EPERM: CLOSED,
  errno.EIO: 'the disk or its connection fails; check it, or name another place',
}


def mendable(error: Exception) -> str:
  """Returns what the user can do about an error; '' if the error is our bug."""
  if isinstance(error, UserError):
    return str(error)
  if isinstance(error, OSError) and error.errno in REFUSED:
    return (
      f'{error.filename or "a file of the run"} cannot be read or written '
      f'({error.strerror}); {REFUSED[error.errno]}'
    )
  xla = isinstance(error, jax.errors.JaxRuntimeError)
  reason = ' '.join(str(error).split()).rstrip('.')[:200] or type(error).__name__
  if isinstance(error, MemoryError) or (xla and 'RESOURCE_EXHAUSTED' in reason):
    return (
      f'there is not enough memory ({reason}); give smaller sizes; for a run also a '
      'smaller --batch_size, a --mesh of more devices, or --resident_bytes=0, which '
      'reads the data step by step'
    )
  if (xla or isinstance(error, ValueError)) and multihost.disconnected(error):
    return (
      f'another process of the run has ended ({reason}); give the same commands again: '
      'it goes on from the last checkpoint'
    )
  return ''
