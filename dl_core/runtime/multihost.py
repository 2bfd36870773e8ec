"""Runs of several processes: how they connect, and which process does what.

All processes compute; only the first prints and writes. The workdir is on a file system
that all of them share.
"""

import os
import re
from collections.abc import Callable
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.runtime import streams
from dl_core.types import UserError

HEARTBEAT = 30  # seconds without a heartbeat after which a process counts as dead
MEETING = 120  # seconds until all processes have to be connected
WORDS = 2_000  # bytes of an error message that reach the other processes


def join(text: str) -> None:
  """Connects to the other processes of `--distributed`; call it before using devices.

  Args:
    text: 'auto', where SLURM, Kubernetes, MPI or Cloud TPU name the processes, or
      HOST:PORT,COUNT,INDEX: the address of the first process, the number of processes
      and the index of this one. Empty: a single process.

  Raises:
    UserError: the text is none of these, or the processes do not connect.
  """
  if not text:
    return
  found = re.fullmatch(r'(.+:\d+),([1-9]\d*),(\d+)', text)
  if text != 'auto' and (not found or int(found[3]) >= int(found[2])):
    raise UserError(
      f'--distributed={text} was given, auto or HOST:PORT,COUNT,INDEX is wanted, '
      'as in --distributed=10.0.0.1:1234,2,0 and ...,2,1'
    )
  # JAX's preemption service would replace our handler of SIGTERM.
  jax.config.update('jax_enable_preemption_service', False)
  place, count, index = found.groups() if found else (None, None, None)
  try:
    jax.distributed.initialize(
      place,
      int(count) if count else None,
      int(index) if index else None,
      initialization_timeout=MEETING,
      heartbeat_timeout_seconds=HEARTBEAT,
      shutdown_timeout_seconds=HEARTBEAT,
    )
  except (ValueError, RuntimeError) as error:
    raise UserError(
      f'--distributed={text} was given, but the processes did not meet '
      f'({str(error).strip().splitlines()[0][:160]}); see that each is started with an '
      'index of its own and reaches the first'
    ) from error


def first() -> bool:
  """Returns whether this process is the one that prints and writes."""
  return jax.process_index() == 0


def disconnected(error: Exception) -> bool:
  """Returns whether an error means that another process is unreachable."""
  words = r'gloo|nccl|unavailable|connection|heartbeat|deadline'  # of several layers
  found = re.search(words, str(error), re.IGNORECASE)
  return jax.distributed.is_initialized() and found is not None


def leave(code: int) -> NoReturn:
  """Exits without waiting for the other processes, which may wait for this one."""
  streams.settle()
  os._exit(code)


def wants_to_stop(ask: bool, wish: Callable[[], Any]) -> Any:
  """Returns whether `wish` holds in any process; several exchange it only if `ask`."""
  if jax.process_count() == 1:
    return wish()
  if not ask:
    return False
  from jax.experimental import multihost_utils

  return bool(multihost_utils.process_allgather(np.array(bool(wish()))).any())


def on_first(work: Callable[[], Any]) -> Any:
  """Runs some work in the first process while the others wait.

  Returns:
    The result of the work in the first process, None in the others.

  Raises:
    UserError: in all processes, if the work raises it in the first.
  """
  if jax.process_count() == 1:
    return work()
  from jax.experimental import multihost_utils

  words, done = b'', None
  if first():
    try:
      done = work()
    except UserError as error:
      words = str(error).encode()[:WORDS]
  told = multihost_utils.broadcast_one_to_all(
    np.frombuffer(words.ljust(WORDS, b'\0'), np.uint8)
  )
  words = np.asarray(told).tobytes().rstrip(b'\0')
  if words:
    raise UserError(words.decode(errors='ignore'))
  return done


def local(tree: Any) -> Any:
  """Gathers arrays that are split over processes: each gets the whole arrays."""
  if jax.process_count() == 1:
    return tree
  from jax.experimental import multihost_utils

  def whole(leaf):
    if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
      content = jnp.asarray(np.asarray(jax.random.key_data(leaf)))
      return jax.random.wrap_key_data(content, impl=jax.random.key_impl(leaf))
    return multihost_utils.process_allgather(leaf, tiled=True)

  return jax.tree.map(whole, tree)
