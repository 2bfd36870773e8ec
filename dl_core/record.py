"""The former place of the command that records runs."""

import sys

if __name__ == '__main__':
  print(
    'error: python -m dl_core.record is no command any more; give '
    'python -m dl_core.report.record WORKDIR... or make record WORKDIR=... instead',
    file=sys.stderr,
  )
  sys.exit(2)
