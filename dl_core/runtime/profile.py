"""Records a profiler trace of a few training steps."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import jax

SKIPPED = 2  # calls before it begins; the first one compiles
TRACED = 5  # calls


@contextlib.contextmanager
def traced(
  call: Callable, folder: Path | None, say: Callable[[str], None]
) -> Iterator[Callable]:
  """Yields `call`, wrapped so that a few of its calls are traced.

  Args:
    call: a dispatched function that returns arrays.
    folder: of the trace; if None, `call` itself is yielded.
    say: called with a sentence that explains how to open the trace.
  """
  if folder is None:
    yield call
    return
  calls, recording = 0, False

  def stop():
    nonlocal recording
    recording = False
    jax.profiler.stop_trace()
    say(f'traced; to see it: pip install xprof && xprof --logdir={folder}')

  def recorded(*args):
    nonlocal calls, recording
    if calls == SKIPPED:
      jax.profiler.start_trace(folder)
      recording = True
    with jax.profiler.StepTraceAnnotation('train', step_num=calls):
      result = call(*args)
    calls += 1
    if calls == SKIPPED + TRACED:
      jax.block_until_ready(result)
      stop()
    return result

  try:
    yield recorded
  finally:
    if recording:
      stop()
  if calls <= SKIPPED:
    say(f'nothing traced: --profile begins with call {SKIPPED + 1} of a run')
