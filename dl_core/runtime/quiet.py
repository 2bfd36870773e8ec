"""Suppresses messages of libraries that repeat ours or help nobody."""

import asyncio
import contextlib
import os
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any


class _Loop(asyncio.SelectorEventLoop):
  """An event loop that does not report reads and writes that nobody awaits.

  When one array fails, Orbax abandons the loop with all the others in it.
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
def loops() -> Iterator[None]:
  """Keeps a failing checkpoint from printing one traceback per array."""
  warnings.filterwarnings('ignore', 'coroutine .* was never awaited')
  policy, hook = asyncio.get_event_loop_policy(), sys.unraisablehook

  def unraisable(found: Any) -> None:
    if not isinstance(found.object, types.CoroutineType):
      hook(found)

  asyncio.set_event_loop_policy(_Loops())
  sys.unraisablehook = unraisable
  try:
    yield
  finally:
    asyncio.set_event_loop_policy(policy)
    sys.unraisablehook = hook


@contextlib.contextmanager
def compiler() -> Iterator[None]:
  """Discards XLA's own log, which comments on how arrays are partitioned."""
  before = os.dup(2)
  try:
    with open(os.devnull, 'wb') as nowhere:
      os.dup2(nowhere.fileno(), 2)
    yield
  finally:
    os.dup2(before, 2)
    os.close(before)
