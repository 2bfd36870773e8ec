"""Compares runs on one page.

    python -m dl_core.report WORKDIR... [--out=comparison.html]

A WORKDIR whose sub-folders are workdirs (a study) stands for all of them.
"""

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from dl_core import config
from dl_core.report import compare, grouping
from dl_core.runtime import streams
from dl_core.types import UserError


def main(given: Sequence[str]) -> int:
  """Compares the runs named on a command line; returns the exit code."""
  for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):
      stream.reconfigure(errors='replace')  # not every terminal has ±
  out = Path('comparison.html')
  folders = []
  try:
    for word in given:
      if word in ('-h', '--help'):
        print((__doc__ or '').strip())
        return 0
      if word.startswith('--out='):
        out = config.path(word.removeprefix('--out='))
      elif word.startswith('-'):
        raise UserError(f'{word} was given, but the only flag is --out=FILE')
      else:
        folders += grouping.expand(Path(word))
    if not folders:
      raise UserError(
        'no workdir was given; name one or more, python -m dl_core.report WORKDIR...'
      )
    out = out / 'comparison.html' if out.is_dir() else out
    if out.suffix != '.html':
      raise UserError(f'--out={out} was given; name a file that ends in .html')
    runs = grouping.labelled(folders)
    path = compare.write(runs, out)
  except UserError as error:
    print(f'error: {error}', file=sys.stderr)
    return 2
  except OSError as error:
    print(f'error: {error}; name another place with --out=FILE', file=sys.stderr)
    return 2
  streams.write(sys.stdout, f'{compare.summary(runs)}\ncomparison: {path}\n')
  return 0


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
