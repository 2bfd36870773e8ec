"""Which lessons an experiment draws on: read from the imports of its source."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PREFIX = 'dl_core.lessons.'


def of(source: Path, known: Iterable[str]) -> list[str]:
  """Returns the lessons, 'package/module', that a source file imports.

  Args:
    source: of an experiment.
    known: the lessons that make claims; those that an imported lesson imports count.
  """
  found: list[str] = []
  todo = [source]
  while todo:
    for path in imported(todo.pop()):
      name = f'{path.parent.name}/{path.stem}'
      if name not in found:
        found.append(name)
        todo.append(path)
  return [name for name in found if name in set(known)]


def imported(source: Path) -> Iterator[Path]:
  """Yields the modules of lessons that a source file imports by `from ... import`.

  A function or a constant taken out of a lesson does not make its claims.
  """
  for node in ast.walk(ast.parse(source.read_text(encoding='utf-8'))):
    if not isinstance(node, ast.ImportFrom) or not node.module:
      continue
    if node.module.startswith(PREFIX):
      folder = ROOT.joinpath(*node.module.split('.')[1:])
      yield from (
        path for n in node.names if (path := folder / f'{n.name}.py').exists()
      )
