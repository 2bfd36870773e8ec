"""Parts of a model by their paths: 'encoder' is a part, 'encoder.norm.mean' in it."""

from collections.abc import Collection, Iterable

SHOWN = 3  # names that a sentence lists


def inside(path: str, parts: Collection[str]) -> bool:
  """Returns whether a path is one of some parts, or belongs to one."""
  return any(path == part or path.startswith(f'{part}.') for part in parts)


def beside(paths: Iterable[str], parts: Collection[str]) -> list[str]:
  """Returns the largest parts of a model that have nothing in common with some parts.

  Args:
    paths: of all leaves of the model.
    parts: some parts of it.
  """
  found = {}
  for path in paths:
    if inside(path, parts):
      continue
    levels = path.split('.')
    grown = ['.'.join(levels[: n + 1]) for n in range(len(levels))]
    found[next(each for each in grown if not any(inside(p, [each]) for p in parts))] = 1
  return list(found)


def described(paths: Collection[str], parts: Collection[str]) -> str:
  """Returns in words which parts of a model were taken and which begin anew.

  Raises:
    ValueError: the model has no such part.
  """
  for part in parts:
    if not any(inside(path, [part]) for path in paths):
      raise ValueError(
        f'{part!r} was named, and the model has {beside(paths, ())} only'
      )
  taken, rest = listed(list(parts)), beside(paths, parts)
  more = f', and {listed(rest)} {"begin" if len(rest) > 1 else "begins"} anew'
  return f'{taken} {"were" if len(parts) > 1 else "was"} taken{more if rest else ""}'


def left_out(names: Collection[str]) -> str:
  """Returns in words what another model or a file has and this model has not."""
  verbs = ('have', 'are') if len(names) > 1 else ('has', 'is')
  return '{} {} no place here, and {} left out'.format(listed(names), *verbs)


def listed(names: Collection[str]) -> str:
  """Returns the first names, separated by commas, and the number of the others."""
  first, more = list(names)[:SHOWN], len(names) - SHOWN
  return ', '.join(first) + (f' and {more:,} more' if more > 0 else '')
