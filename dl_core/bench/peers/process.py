"""Runs a peer in its own process, so that PyTorch's threads stay out of ours."""

import contextlib
import importlib.util
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import jax
import numpy as np

from dl_core.types import Batch, Spec, UserError

ROOT = Path(__file__).parents[3]


class Process(NamedTuple):
  """A running process that trains a peer on request.

  Attributes:
    version: PyTorch's.
    variants: {name: seconds of its first steps, in which it is compiled}; see `step`.
    failures: {name: why that variant does not work, in a line}.
    run: (variant, steps) -> seconds that so many steps take.
  """

  version: str
  variants: Mapping[str, float]
  failures: Mapping[str, str]
  run: Callable[[str, int], float]


def exists(name: str) -> bool:
  """Returns whether an experiment has a peer."""
  return importlib.util.find_spec(f'dl_core.bench.peers.{name}') is not None


@contextlib.contextmanager
def started(
  name: str,
  config: Any,
  spec: Spec,
  batch: Batch,
  *,
  precision: str = 'float32',
  device: str = 'cpu',
  loop: str = '',
) -> Iterator[Process]:
  """Starts the peer of an experiment and tries all its variants; stops it on exit.

  The process also ends when this one does, however that happens.

  Args:
    name: of the experiment, see `exists`.
    config: its settings.
    spec: of its data, for the classes.
    batch: the arrays of the one batch that every step trains on.
    precision: 'float32' or 'bfloat16', which is PyTorch's autocast.
    device: 'cpu' or 'cuda'.
    loop: for a peer that writes texts instead of training, a name of `writing.LOOPS`.

  Raises:
    UserError: PyTorch, or that device in it, is not there, or the process dies.
  """
  arrays = jax.tree.map(np.asarray, batch)
  settings = SimpleNamespace(**vars(config))
  wanted = (name, settings, spec._replace(batch=arrays), precision, device, loop)
  path = os.pathsep.join([str(ROOT), os.environ.get('PYTHONPATH', '')])
  with (
    tempfile.TemporaryFile() as errors,
    subprocess.Popen(
      [sys.executable, '-m', 'dl_core.bench.peers.worker'],
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      stderr=errors,
      env=os.environ | {'PYTHONPATH': path.rstrip(os.pathsep)},
      start_new_session=True,  # Ctrl-C reaches us alone, who end it
    ) as process,
  ):
    # A dead worker should raise BrokenPipeError here, not end this process.
    pipe = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    questions, answers = cast(Any, process.stdin), cast(Any, process.stdout)

    def ask(question):
      try:
        pickle.dump(question, questions)
        questions.flush()
        answer = pickle.load(answers)
      except (EOFError, BrokenPipeError, pickle.UnpicklingError):
        raise UserError(died(name, process.wait(), errors)) from None
      if isinstance(answer, UserError):
        raise answer
      return answer

    try:
      version, variants, failures = ask(wanted)
      yield Process(version, variants, failures, lambda *words: ask(words))
    finally:
      if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)  # and the compilers that it has begun
      with contextlib.suppress(BrokenPipeError):
        questions.close()
      signal.signal(signal.SIGPIPE, pipe)


def died(name: str, code: int, errors: Any) -> str:
  """Describes how the process of a peer ended, by the last line of its stderr."""
  errors.seek(0)
  lines = errors.read().decode(errors='replace').strip().splitlines()
  last = lines[-1] if lines else f'exit code {code}'
  return (
    f'--peer=torch was given, but the process of the peer of {name} died ({last}); '
    'mend that or leave --peer out'
  )
