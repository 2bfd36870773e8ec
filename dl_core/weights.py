"""The former place of the export command, which is now a flag of every experiment."""

import sys

if __name__ == '__main__':
  print(
    'error: python -m dl_core.weights is no command any more; give '
    'python -m experiments.NAME --workdir=WORKDIR --export=FILE.safetensors instead',
    file=sys.stderr,
  )
  sys.exit(2)
