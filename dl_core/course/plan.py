"""What stands where on the page: sections, their rows, their errata, experiments.

plan.toml has the order of the sections, and for each row of a section the commands of
the experiments that show it. A row without any needs a reason in the language files.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from dl_core.types import UserError


class Row(NamedTuple):
  """A statement of the notes: its key and the commands that show it, 'NAME FLAGS'."""

  key: str
  commands: tuple[str, ...]


class Section(NamedTuple):
  """A lecture or a chapter.

  Attributes:
    key: '6' for a lecture, a word for a chapter.
    rows, errata: see above.
    related: keys of rows of other sections that it teaches, too.
    commands: of the experiments that have their place here, each in one section.
  """

  key: str
  rows: tuple[Row, ...]
  errata: tuple[str, ...]
  related: tuple[str, ...]
  commands: tuple[str, ...]


def read(path: Path) -> list[Section]:
  """Reads plan.toml.

  Raises:
    UserError: it is missing or damaged.
  """
  try:
    tree = tomllib.loads(path.read_text(encoding='utf-8'))
    rows = {key: tuple(commands) for key, commands in tree['rows'].items()}
    found, seen = [], set()
    for each in tree['section']:
      own = [Row(key, rows.pop(key)) for key in each['rows']]
      new = dict.fromkeys(
        [c for row in own for c in row.commands] + each.get('commands', [])
      )
      commands = tuple(command for command in new if command not in seen)
      seen |= {*commands}
      errata, related = each.get('errata', ()), each.get('related', ())
      found.append(
        Section(str(each['key']), tuple(own), (*errata,), (*related,), commands)
      )
  except (OSError, ValueError, KeyError, TypeError) as error:
    raise UserError(f'{path} cannot be read ({error!r}); restore it from git') from None
  if rows:
    raise UserError(
      f'{path} has rows of no section: {", ".join(rows)}; name them there'
    )
  return found


def chosen(sections: Sequence[Section], keys: Sequence[str]) -> list[Section]:
  """Returns the sections with the given keys, all of them for no keys.

  Raises:
    UserError: a key is unknown.
  """
  known = [section.key for section in sections]
  for key in keys:
    if key not in known:
      raise UserError(
        f'--lectures={",".join(keys)} was given, but {key!r} is unknown; name some of '
        f'{", ".join(known)}'
      )
  return [section for section in sections if not keys or section.key in keys]
