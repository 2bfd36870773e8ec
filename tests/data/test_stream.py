import ctypes
import gc
import subprocess
import sys
import threading
import time

import jax
import numpy as np
import pytest

from dl_core.data import permutations, stream
from dl_core.runtime import sharding
from dl_core.types import UserError

N, SIZE = 50, 8


def places(key, step, n):
  return permutations.rows(key, step, n, SIZE)


class Reader:
  """Gives back the places that it is asked for, and notes each batch."""

  def __init__(self, fault=None):
    self.batches, self.fault = [], fault

  def __call__(self, numbers):
    self.batches.append(numbers)
    if len(self.batches) == 3 and self.fault:
      fault, self.fault = self.fault, None
      raise fault
    return {'row': numbers}


def way(reader):
  return stream.streamed(reader, places, lambda: N)


def readers():
  gc.collect()
  return [t for t in threading.enumerate() if t.name.startswith('grain-prefetch')]


def settled(count, patience=5.0):
  """Returns what `count()` stays at."""
  end, before = time.monotonic() + patience, None
  while time.monotonic() < end and before != (before := count()):
    time.sleep(0.2)
  return before


@pytest.mark.parametrize('kind', ['threefry2x32', 'rbg'])
def test_places_on_the_host_are_those_on_the_device(kind):
  key = jax.random.key(3, impl=kind)
  with jax.set_mesh(sharding.make_mesh()):
    of = stream.on_host(places, key, N)
    device = [jax.jit(places, static_argnums=2)(key, step, N) for step in range(14)]
  host = {}
  threads = [
    threading.Thread(target=lambda step=step: host.update({step: of(step)}))
    for step in range(14)
  ]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  for step in range(14):  # two epochs
    np.testing.assert_array_equal(host[step], device[step])


def test_each_step_is_fed_its_own_places_wherever_one_begins():
  key = jax.random.key(0)
  for start in (0, 5, 2**30):
    feed = way(Reader()).feed
    for step in range(start, start + 3):
      np.testing.assert_array_equal(feed(key, step)['row'], places(key, step, N))


def test_a_step_that_is_asked_for_again_is_the_same_object():
  feed, reader = way(reader := Reader()).feed, reader
  key = jax.random.key(0)
  first = feed(key, jax.numpy.int32(4))
  assert feed(jax.random.key(0), 4) is first
  assert feed(key, 5) is not first
  assert settled(lambda: len(reader.batches)) == 2 + stream.AHEAD


@pytest.mark.parametrize('leap', [(0, 2), (0, -3), (1, 1)])
def test_another_key_or_a_leap_leads_elsewhere_and_leaves_no_reader(leap):
  seed, distance = leap
  feed = way(Reader()).feed
  feed(jax.random.key(0), 6)
  key = jax.random.key(seed)
  found = feed(key, 6 + distance)['row']
  np.testing.assert_array_equal(found, places(key, 6 + distance, N))
  assert settled(lambda: len(readers())) <= stream.THREADS


def test_no_more_is_read_ahead_than_is_said():
  feed = way(reader := Reader()).feed
  for step in range(10):
    feed(jax.random.key(0), step)
    if step in (0, 9):
      assert settled(lambda: len(reader.batches)) == step + 1 + stream.AHEAD
  assert len(readers()) <= stream.THREADS


@pytest.mark.parametrize(
  ('fault', 'words'),
  [
    (lambda: UserError('07.png is no image'), '^07.png is no image$'),
    (lambda: RuntimeError("can't start\nthread"), r'any more \(can.t start thread\);'),
    (lambda: OSError(5, 'Input/output error'), 'Input/output error'),
  ],
  ids=['record', 'thread', 'disk'],
)
def test_a_fault_of_a_reader_is_a_sentence_and_no_end(fault, words):
  feed, key = way(Reader(fault())).feed, jax.random.key(0)
  with pytest.raises(UserError, match=words) as raised:
    [feed(key, step) for step in range(5)]
  assert '\n' not in str(raised.value)
  for step in (2, 3):  # the file is mended: it goes on
    np.testing.assert_array_equal(feed(key, step)['row'], places(key, step, N))


def end_idle_readers(numbers):
  """Ends all threads that read, once they have read ahead and wait."""
  settled(lambda: len(numbers))
  for reader in readers():
    end = ctypes.pythonapi.PyThreadState_SetAsyncExc
    assert end(ctypes.c_ulong(reader.ident), ctypes.py_object(SystemExit)) == 1


@pytest.mark.parametrize('moment', ['reading', 'waiting'])
def test_a_thread_that_dies_is_a_sentence_and_nobody_waits_for_it(moment, monkeypatch):
  monkeypatch.setattr(stream, 'PATIENCE', 0.1)
  numbers = []

  def make(number):
    numbers.append(number)
    if number == 5 and moment == 'reading':
      sys.exit()
    return number

  given = stream.ahead(make, range(100))
  assert next(given) == 0
  if moment == 'waiting':
    end_idle_readers(numbers)
  words = {'reading': r'any more \(SystemExit\)', 'waiting': 'a thread .* has died'}
  with pytest.raises(UserError, match=words[moment]):
    list(given)
  assert max(numbers) < 20


def test_readers_end_with_the_data_and_with_an_evaluation_that_is_left():
  before = settled(lambda: len(readers()))
  feed = way(Reader()).feed
  feed(jax.random.key(0), 0)
  evaluation = stream.ahead(lambda number: number, range(100))
  assert next(evaluation) == 0
  assert len(readers()) > before
  del feed, evaluation
  assert settled(lambda: len(readers())) == before


def test_ahead_is_map():
  numbers = range(3, 40, 4)
  assert list(stream.ahead(lambda n: n * n, numbers)) == [n * n for n in numbers]


STREAMS = """
import sys
import jax
from dl_core import config
from dl_core.data import images
c = config.Config(data_dir=sys.argv[1], resident_bytes=0)
data = images.load(c, 32, 1)
assert 'grain' not in sys.modules
for step in range(3):
  data.feed(jax.random.key(0), step)
next(data.splits['test']())
assert 'grain' in sys.modules
"""


def test_a_process_that_streams_ends_without_a_word(digits_dir):
  command = [sys.executable, '-W', 'error', '-c', STREAMS, digits_dir]
  done = subprocess.run(command, capture_output=True, text=True, timeout=60)
  assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
