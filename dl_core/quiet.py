"""Keeps off the terminal what orbax says of a damaged checkpoint: we say it."""

import asyncio
import contextlib
import warnings
from collections.abc import Iterator
from typing import Any


class _Loop(asyncio.SelectorEventLoop):
  """Says nothing of reads that end when nobody awaits them any more.

  Orbax reads all leaves at once and drops the others, loop and all, when one fails.
  """

  def call_soon_threadsafe(self, *args: Any, **kwargs: Any) -> Any:  # type: ignore
    with contextlib.suppress(RuntimeError):  # the loop is closed
      return super().call_soon_threadsafe(*args, **kwargs)

  def call_exception_handler(self, context: Any) -> None:
    del context


class _Loops(asyncio.DefaultEventLoopPolicy):
  def new_event_loop(self):
    return _Loop()


@contextlib.contextmanager
def reads() -> Iterator[None]:
  """Keeps a damaged checkpoint from printing a traceback for each of its leaves."""
  warnings.filterwarnings('ignore', 'coroutine .* was never awaited')
  before = asyncio.get_event_loop_policy()
  asyncio.set_event_loop_policy(_Loops())
  try:
    yield
  finally:
    asyncio.set_event_loop_policy(before)
