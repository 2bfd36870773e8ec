"""Other spellings of the names in a file: aliases, prefixes, tied and spare arrays."""

import fnmatch
from collections.abc import Collection, Mapping

import numpy as np

from dl_core.types import Names

Arrays = Mapping[str, np.ndarray]


def spelled(
  arrays: Arrays, known: Collection[str], names: Names
) -> tuple[dict[str, np.ndarray], list[str]]:
  """Names the arrays of a file as a table does.

  Args:
    arrays: of the file.
    known: the names by the table.
    names: of the layers of the model.

  Returns:
    The arrays; the names of those that differ from the array that they are tied to.
  """
  known = {*known, *names.tied, *names.tied.values()}
  found = aliased(arrays, names.aliases)
  for prefix in names.prefixes:
    found = prefixed(found, known, prefix)
  return untied(found, names.tied)


def aliased(arrays: Arrays, aliases: Mapping[str, str]) -> dict[str, np.ndarray]:
  """Replaces the last words of names, as 'norm.gamma' by 'norm.weight'."""

  def renamed(name):
    start, dot, end = name.rpartition('.')
    return f'{start}{dot}{aliases.get(end, end)}'

  return distinct(arrays, {name: renamed(name) for name in arrays})


def prefixed(
  arrays: Arrays, known: Collection[str], prefix: str
) -> dict[str, np.ndarray]:
  """Adds or drops a prefix that either a file or the table lacks altogether."""
  there, here = (
    any(name.startswith(prefix) for name in names) for names in (arrays, known)
  )
  if there and not here:
    return distinct(arrays, {name: name.removeprefix(prefix) for name in arrays})
  if here and not there:
    added = {name: f'{prefix}{name}' for name in arrays}
    return distinct(arrays, {n: a if a in known else n for n, a in added.items()})
  return dict(arrays)


def distinct(arrays: Arrays, renamed: Mapping[str, str]) -> dict[str, np.ndarray]:
  """Renames arrays, unless two would then have one name."""
  if len(set(renamed.values())) < len(arrays):
    return dict(arrays)
  return {renamed[name]: array for name, array in arrays.items()}


def untied(
  arrays: Arrays, tied: Mapping[str, str]
) -> tuple[dict[str, np.ndarray], list[str]]:
  """Drops arrays that repeat another; see `spelled`."""
  found, different = dict(arrays), []
  for name, twin in tied.items():
    if name in found:
      array = found.pop(name)
      if not np.array_equal(array, found.setdefault(twin, array)):
        different.append(name)
  return found, different


def spare(name: str, patterns: Collection[str]) -> bool:
  """Returns whether a file may have an array that a model need not have.

  Args:
    name: of the array.
    patterns: see `Names.spare`.
  """
  return any(
    fnmatch.fnmatchcase(name, each) if '*' in each else name.startswith(each)
    for each in patterns
  )
