"""Prepares a data set: python -m dl_core.data NAME [--data_dir=DIR]."""

import argparse
import sys
from collections.abc import Sequence

from dl_core.data import sources
from dl_core.types import UserError


class _Parser(argparse.ArgumentParser):
  def error(self, message):
    raise UserError(f'{message}; see python -m dl_core.data --help')


def main(argv: Sequence[str]) -> int:
  """Prepares the set that the command line names; returns the exit code."""
  parser = _Parser('python -m dl_core.data', description=__doc__, allow_abbrev=False)
  parser.add_argument('name', metavar='NAME', help=', '.join(sources.own()))
  parser.add_argument(
    '--data_dir',
    default='',
    help='folder of all data sets; $TFDS_DATA_DIR, else ~/tensorflow_datasets if empty',
  )
  try:
    given = parser.parse_args(argv)
    if given.name in sources.USERS:
      place = sources.USERS[given.name]
      raise UserError(
        f'{given.name} was given, which needs no preparing; give '
        f'--dataset={given.name} --data_dir={place} to an experiment'
      )
    declaration = sources.prepare(sources.declare(given.name, given.data_dir))
  except UserError as error:
    print(f'error: {error}', file=sys.stderr)
    return 2
  counts = ', '.join(f'{count:,} {name}' for name, count in declaration.counts.items())
  print(f'{declaration.source} is prepared in {declaration.folder}: {counts}')
  for note in declaration.notes:
    print(note)
  return 0


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
