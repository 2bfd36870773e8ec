"""Paths as a user gives them."""

import os
from pathlib import Path

from dl_core.types import UserError


def path(text: str) -> Path:
  """Returns the path that a text names, with `~` and `~user` expanded at its beginning.

  Raises:
    UserError: the text begins with the home directory of nobody.
  """
  expanded = os.path.expanduser(text)
  if expanded.startswith('~'):
    raise UserError(
      f'{text} was given, and there is no such home directory; write it out, or as '
      f'./{text} where a folder of this name is meant'
    )
  found = Path(expanded)
  # Path('./~a') is Path('~a'), which must not be expanded after all.
  return found.absolute() if str(found).startswith('~') else found
