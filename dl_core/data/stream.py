"""Brings examples to the device: a whole set at once, or each step's batch, prefetched.

Both take the places that a step reads, so both give the same batches, and a run resumes
by asking for its next step. grain reads ahead, by threads; its own repeat
and batch, whose batches straddle epochs, are not used.
"""

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

from dl_core.types import Array, Key, UserError

THREADS = 2  # read and decode, each a batch of its own
AHEAD = 4  # batches at most that are read before they are asked for
PATIENCE = 1.0  # seconds after which one that waits looks whether they still read
LAST = 2**31 - 1  # no step gets there

Places = Callable[[Key, Any, int], Array]  # (key, step, n) -> what a step reads of n


class Way(NamedTuple):
  """How the examples of a step come to the device: all at once, or step by step.

  Attributes:
    feed: see `Data`.
    pick: (what feed returned, key, step) -> the step's examples, in the jitted step.
    each: (function, range) -> its values in order, as `map` has them.
  """

  feed: Callable[[Key, Any], Any]
  pick: Callable[[Any, Key, Any], Any]
  each: Callable[[Callable[[int], Any], range], Iterator[Any]] = map


def at(arrays: Any, index: Any) -> Any:
  """Returns the elements of arrays, NumPy's or JAX's, at some places."""
  return jax.tree.map(lambda leaf: leaf[index], arrays)


def whole(
  arrays: Callable[[], Any],
  places: Places,
  read: Callable[[Any, Array], Any] = at,
) -> Way:
  """Makes the Way of a set that is resident on the device.

  Args:
    arrays: () -> its arrays, n long each; every time the same object.
    places: which of the n a step reads.
    read: (arrays, places) -> examples.
  """

  def pick(arrays, key, step):
    return read(arrays, places(key, step, len(jax.tree.leaves(arrays)[0])))

  return Way(lambda key, step: arrays(), pick)


class _Read(NamedTuple):
  """What was read last, and where from the next step's comes."""

  key: Key
  step: int
  arrays: Any
  following: Generator


def streamed(
  read: Callable[[np.ndarray], Any], places: Places, count: Callable[[], int]
) -> Way:
  """Makes the Way of a set that stays on disk.

  Args:
    read: (places) -> examples, host arrays; threads call it.
    places: which of the n a step reads.
    count: () -> n.
  """
  last: _Read | None = None

  def feed(key, step):
    nonlocal last
    step, before, last = int(step), last, None  # an error leaves nothing behind
    gap = step - before.step if before and _same(key, before.key) else None
    if before and gap in (0, 1):
      following = before.following
      arrays = next(following) if gap else before.arrays
    else:
      if before:
        before.following.close()
      places_of = on_host(places, key, count())
      following = ahead(lambda step: read(places_of(step)), range(step, LAST))
      arrays = next(following)
    last = _Read(key, step, arrays, following)
    return arrays

  return Way(feed, lambda arrays, key, step: arrays, ahead)


def on_host(places: Places, key: Key, n: int) -> Callable[[int], np.ndarray]:
  """Makes (step) -> places, the same integers as on the device.

  They are computed on the CPU, where no training step keeps them waiting, and by any
  thread: none of the caller's context, its mesh for one, comes with them.
  """
  kind = jax.random.key_impl(key)

  def of(content, step):
    return places(jax.random.wrap_key_data(content, impl=kind), step, n)

  compiled = jax.jit(of)
  content = jax.device_put(np.asarray(jax.random.key_data(key)), _cpu())
  return lambda step: np.asarray(compiled(content, np.int32(step)))


def ahead(make: Callable[[int], Any], numbers: range) -> Generator:
  """Yields the values of `map`, computed by threads at most AHEAD values in advance.

  Raises:
    UserError: what `make` raises, and where it or a thread cannot go on.
  """
  import grain  # 0.3 s that a resident set does without

  threads: set[threading.Thread] = set()
  made: queue.SimpleQueue[int] = queue.SimpleQueue()

  def outcome(number):
    threads.add(threading.current_thread())
    try:
      return make(number), None
    except Exception as error:  # grain would write into its words
      return None, error
    finally:
      made.put(number)

  options = grain.ReadOptions(num_threads=THREADS, prefetch_buffer_size=AHEAD)
  steps = grain.MapDataset.range(numbers.start, numbers.stop, numbers.step)
  iterator = iter(steps.map(outcome).to_iter_dataset(options))
  iterator.start_prefetch()
  ready: set[int] = set()
  try:
    for number in numbers:
      while number not in ready:
        try:
          ready.add(made.get(timeout=PATIENCE))
        except queue.Empty:  # grain would wait for a dead thread for ever
          if not all(thread.is_alive() for thread in threads):
            raise RuntimeError('a thread that reads them has died') from None
      ready.remove(number)
      value, error = next(iterator)
      if error is not None:
        raise error
      yield value
  except (OSError, RuntimeError, SystemExit) as error:  # the last ends a thread
    reason = ' '.join(str(error).split())[:200] or type(error).__name__
    raise UserError(
      f'the examples cannot be read any more ({reason}); see to their files, then give '
      'the same command again'
    ) from error
  finally:
    iterator.close()


def _same(a: Key, b: Key) -> bool:
  data = jax.random.key_data
  return a is b or np.array_equal(data(a), data(b))


def _cpu() -> jax.Device:
  try:
    return jax.local_devices(backend='cpu')[0]
  except RuntimeError:  # JAX_PLATFORMS leaves it out
    return jax.local_devices()[0]
