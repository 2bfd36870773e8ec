"""Caches what was computed beside a prepared set; no cache is needed to go on."""

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np


def cached(
  path: Path, make: Callable[[], Mapping[str, np.ndarray]]
) -> dict[str, np.ndarray]:
  """Reads the arrays of an .npz file; makes and writes them if it cannot be read."""
  # Absent, or damaged in one of many ways; np.load checks a sum of each array.
  with contextlib.suppress(Exception), open(path, 'rb') as file, np.load(file) as kept:
    return dict(kept)
  arrays = dict(make())
  keep(path, arrays)
  return arrays


def keep(path: Path, arrays: Mapping[str, Any]) -> None:
  """Writes an .npz file whole or not at all; without room it is not written."""
  put(path, lambda file: np.savez(file, **arrays))


def put(path: Path, write: Callable[[Any], Any]) -> None:
  """Writes a cache file whole or not at all; without room it is not written.

  Args:
    path: of the file; its folder is made in a folder that is there.
    write: (open file) writes the content.
  """
  temporary = path.with_name(f'{path.name}.{os.getpid()}')
  with contextlib.suppress(OSError):
    path.parent.mkdir(exist_ok=True)
    try:
      with open(temporary, 'wb') as file:
        write(file)
      os.replace(temporary, path)
    finally:
      temporary.unlink(missing_ok=True)
