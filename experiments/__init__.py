"""Experiments: one module each. `python -m experiments` lists them."""

import signal
import sys

# Under `python -m experiments.NAME` this is the first line that runs. Until launch has
# its own handler, Ctrl-C ends the imports without a traceback; a mere import is left
# alone.
if sys.argv[:1] == ['-m']:
  signal.signal(signal.SIGINT, signal.SIG_DFL)
