"""Missing runs are made one after another; a kill costs nothing that was finished."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dl_core.course import making, texts

ROOT = Path(__file__).parents[2]
EN = texts.read(ROOT / 'experiments' / 'lectures' / 'en.toml')
STEPS = 8
FAKE = f"""
import fcntl, pathlib, sys, time
folder = pathlib.Path(sys.argv[-1].removeprefix('--workdir='))
folder.mkdir(parents=True, exist_ok=True)
file = (folder / 'lock').open('a')
fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
steps = folder / 'steps'
done = len(steps.read_text().split()) if steps.exists() else 0
for n in range(done, {STEPS}):
  with steps.open('a') as lines:
    lines.write(f'{{n}}\\n')
  time.sleep(0.1)
(folder / 'done').touch()
"""
DRIVER = """
import pathlib, sys
from dl_core.course import making, texts
en = texts.read(pathlib.Path({lectures!r}))
runs = pathlib.Path('runs')
due = [making.Due(n, runs / n, 10.0) for n in ('one', 'two')]
due = [each for each in due if not (each.folder / 'done').exists()]
say = lambda line: print(line, flush=True)
made = lambda each: say(f'made {{each.command}}')
code, failed = making.make(due, 'fakes', en, say, made)
sys.exit(code)
"""


@pytest.fixture
def start(tmp_path):
  """Starts the making of two fake experiments in a process of its own."""
  package = tmp_path / 'fakes'
  package.mkdir()
  for name in ('__init__', 'one', 'two'):
    (package / f'{name}.py').write_text('' if name == '__init__' else FAKE)
  lectures = str(ROOT / 'experiments' / 'lectures' / 'en.toml')
  script = DRIVER.format(lectures=lectures)
  places = {'PYTHONPATH': f'{tmp_path}:{ROOT}'}

  def started():
    return subprocess.Popen(
      [sys.executable, '-c', script], cwd=tmp_path, env=os.environ | places,
      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip

  return started


def until(path, lines):
  """Waits until a file has so many lines."""
  end = time.monotonic() + 60
  while not path.exists() or len(path.read_text().split()) < lines:
    assert time.monotonic() < end, f'{path} has not enough lines'
    time.sleep(0.02)


def test_after_a_kill_the_same_command_completes_what_is_missing(start, tmp_path):
  first = start()
  until(tmp_path / 'runs' / 'one' / 'steps', 2)
  first.kill()
  first.wait()
  first.stdout.close()
  again, _ = start().communicate(timeout=120)
  for name in ('one', 'two'):
    lines = (tmp_path / 'runs' / name / 'steps').read_text().split()
    assert lines == [str(n) for n in range(STEPS)]
  assert 'made two' in again
  last, _ = start().communicate(timeout=60)
  assert last == ''


def test_a_workdir_that_another_process_holds_is_waited_for(tmp_path):
  said = []
  with (tmp_path / 'lock').open('w') as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    threading.Timer(0.5, fcntl.flock, (file, fcntl.LOCK_UN)).start()
    making.wait(tmp_path, lambda: said.append('waiting'))
  assert said == ['waiting']
  (tmp_path / 'file').touch()
  for name in ('new', 'file'):
    making.wait(tmp_path / name, lambda: said.append('never'))
  assert said == ['waiting']


def test_a_signal_is_passed_on_and_ends_the_making(start, tmp_path):
  process = start()
  until(tmp_path / 'runs' / 'one' / 'steps', 1)
  process.send_signal(signal.SIGTERM)
  said, _ = process.communicate(timeout=60)
  assert process.returncode == 128 + signal.SIGTERM
  assert 'made' not in said
  assert not (tmp_path / 'runs' / 'two').exists()


def test_a_failed_run_does_not_stop_the_others(start, tmp_path):
  (tmp_path / 'fakes' / 'one.py').write_text('import sys; sys.exit(2)')
  process = start()
  said, _ = process.communicate(timeout=120)
  assert process.returncode == 1
  assert 'one ended with exit code 2' in said
  assert 'made two' in said


def test_progress_says_which_run_it_is_and_estimates_from_the_pace_so_far(tmp_path):
  times = {'a': 60.0, 'b': 600.0, 'c': None}
  due = [making.Due(name, tmp_path / name, each) for name, each in times.items()]
  line = making.progress(due, 0, making.Pace(), EN)
  assert line.startswith('[1 of 3] a: about 60 s; about 11 min left in all')
  assert line.endswith('(not counting 1 of unknown duration)')
  slower = making.progress(due, 1, making.Pace(here=120.0, recorded=60.0), EN)
  assert slower.startswith('[2 of 3] b: about 20 min; about 20 min left in all')
  assert 'an unknown time' in making.progress(due, 2, making.Pace(), EN)
