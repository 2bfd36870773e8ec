"""Experiments: one module each. `python -m experiments` lists them."""

import pkgutil
import signal
import sys


def _refuse_unknown() -> None:
  """Ends `python -m experiments.NAME` with a sentence where there is no such one."""
  words = (word.removeprefix('-m') for word in sys.orig_argv)
  called = next((word for word in words if word.startswith(f'{__name__}.')), '')
  name = called.removeprefix(f'{__name__}.')
  known = [module.name for module in pkgutil.iter_modules(__path__)]
  if name and name not in known:
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    hint = f'did you mean {near[0]}? ' if near else ''
    print(
      f'error: {name} is no experiment; {hint}python -m {__name__} lists them',
      file=sys.stderr,
    )
    sys.exit(2)


# Under `python -m experiments.NAME` this is the first line that runs. Until launch has
# its own handler, Ctrl-C ends the imports without a traceback; a mere import is left
# alone.
if sys.argv[:1] == ['-m']:
  signal.signal(signal.SIGINT, signal.SIG_DFL)
  _refuse_unknown()
