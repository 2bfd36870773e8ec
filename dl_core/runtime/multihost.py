"""Several processes that make one run: how they meet, and which of them does what.

All compute; what is said and written, the first process says and writes. A workdir is
on a file system that all of them see.
"""

import os
import re
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.types import UserError

HEARTBEAT = (
  30  # seconds without a sign of life, after which a process is taken for dead
)
MEETING = 120  # seconds in which all have to come
WORDS = 2_000  # bytes of a refusal that reach the other processes


def join(text: str) -> None:
  """Meets the other processes of `--distributed`, before any device is touched.

  Args:
    text: 'auto', where SLURM, Kubernetes, MPI or Cloud TPU tell who there is, or
      HOST:PORT,COUNT,INDEX: where the first process listens, how many there are, which
      of them this is. Empty: it is alone.

  Raises:
    UserError: it is none of these, or they do not meet.
  """
  if not text:
    return
  found = re.fullmatch(r'(.+:\d+),([1-9]\d*),(\d+)', text)
  if text != 'auto' and (not found or int(found[3]) >= int(found[2])):
    raise UserError(
      f'--distributed={text} was given, auto or HOST:PORT,COUNT,INDEX is wanted, '
      'as in --distributed=10.0.0.1:1234,2,0 and ...,2,1'
    )
  # Ours handles SIGTERM; JAX's would take its place.
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
  """Tells whether this process is the one that says and writes."""
  return jax.process_index() == 0


def parted(error: Exception) -> bool:
  """Tells whether an error means that another process cannot be reached any more."""
  words = r'gloo|nccl|unavailable|connection|heartbeat|deadline'  # of several layers
  found = re.search(words, str(error), re.IGNORECASE)
  return jax.distributed.is_initialized() and found is not None


def leave(code: int) -> NoReturn:
  """Ends this process without waiting for the others, who may wait for it."""
  sys.stdout.flush()
  sys.stderr.flush()
  os._exit(code)


def wished(ask: bool, wish: Callable[[], Any]) -> Any:
  """Tells whether this process has a wish, or any of several; they ask if `ask`."""
  if jax.process_count() == 1:
    return wish()
  if not ask:
    return False
  from jax.experimental import multihost_utils

  return bool(multihost_utils.process_allgather(np.array(bool(wish()))).any())


def on_first(work: Callable[[], Any]) -> Any:
  """Has the first process do some work while the others wait.

  Returns:
    What the work returned; None in the others.

  Raises:
    UserError: in all of them, where the first one refuses.
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
  """Returns arrays that every process has a part of as ones that each has whole."""
  if jax.process_count() == 1:
    return tree
  from jax.experimental import multihost_utils

  def whole(leaf):
    if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
      content = jnp.asarray(np.asarray(jax.random.key_data(leaf)))
      return jax.random.wrap_key_data(content, impl=jax.random.key_impl(leaf))
    return multihost_utils.process_allgather(leaf, tiled=True)

  return jax.tree.map(whole, tree)
