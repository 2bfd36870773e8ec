import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLOSED = """
import os, sys
os.close(1), os.close(2)
from dl_core.runtime import streams
streams.open_closed()
file = open('taken', 'w')
os.write(1, b'noise'), os.write(2, b'noise')
file.write('mine'), file.close()
"""
GONE = """
import os, sys
from dl_core.runtime import streams
assert not streams.write(sys.stdout, 'x' * 100_000)
assert streams.write(sys.stdout, 'into nothing')
streams.settle()
open('survived', 'w').close()
"""


def start(script, tmp_path, **options):
  return subprocess.Popen(
    [sys.executable, '-c', script], cwd=tmp_path,
    env=os.environ | {'PYTHONPATH': str(ROOT)}, **options,
  )  # fmt: skip


def test_a_closed_descriptor_is_not_taken_by_the_next_file(tmp_path):
  assert start(CLOSED, tmp_path).wait() == 0
  assert (tmp_path / 'taken').read_text() == 'mine'


def test_a_reader_that_left_is_no_error(tmp_path):
  read, write = os.pipe()
  os.close(read)
  process = start(GONE, tmp_path, stdout=write, stderr=subprocess.PIPE)
  os.close(write)
  assert process.communicate()[1] == b''
  assert process.returncode == 0
  assert (tmp_path / 'survived').exists()


def test_a_terminal_that_was_closed_is_no_error(tmp_path):
  master, slave = os.openpty()
  process = start(GONE, tmp_path, stdout=slave, stderr=subprocess.PIPE)
  os.close(slave)
  os.close(master)  # writing to it says EIO
  assert process.communicate()[1] == b''
  assert process.returncode == 0


HANGUP = """
import signal, sys, time
if {ignored}:
  signal.signal(signal.SIGHUP, signal.SIG_IGN)
from dl_core.runtime.signals import Signals
with Signals() as signals:
  print('ready', flush=True)
  for _ in range({seconds} * 100):
    time.sleep(0.01)
    if signals.pending():
      sys.exit(signals.code())
"""


@pytest.mark.parametrize(('ignored', 'code'), [(False, 129), (True, 0)])
def test_a_hangup_asks_to_save_unless_it_is_ignored(ignored, code, tmp_path):
  script = HANGUP.format(ignored=ignored, seconds=1 if ignored else 60)
  with start(
    script, tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
  ) as process:
    process.stdout.readline()
    process.send_signal(signal.SIGHUP)
    process.communicate()
  assert process.returncode == code
