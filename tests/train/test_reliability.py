"""What happens to a run from outside: it is killed, stopped, and called again."""

import functools
import json
import random
import resource
import shlex
import shutil
import signal
import sys
import time

import jax
import numpy as np
import pytest

from dl_core import train
from dl_core.train import log, progress
from experiments import perceptron
from tests.runs import CASES, STEPS, TIMES, Runs, resumed, uninterrupted


@pytest.fixture(scope='module')
def whole(digits_dir):
  """(case) -> the end of a run that nobody interrupts."""
  return functools.partial(uninterrupted, digits_dir)


RARER = (
  'char_lm',
  'cyclegan',
  'gan',
  'streamed',
  'seeds in turn',
)  # what they add is tested apart


@pytest.mark.parametrize(
  'case',
  [
    pytest.param(case, marks=pytest.mark.slow) if case in RARER else case
    for case in CASES
  ],
)
def test_kills_at_random_moments_change_nothing(tmp_path, digits_dir, whole, case):
  seed = random.randrange(10**6)
  print(f'the moments are drawn by seed {seed}')
  draw, from_steps = random.Random(seed), []
  runs, kills = Runs(tmp_path / 'run', digits_dir, case), 5 if case == 'lenet' else 2
  wanted = whole(case)
  for number in range(kills):
    process = runs.start()
    if (
      number or kills == 2
    ):  # in the loop, an evaluation or the writing of a checkpoint
      begun = 1 + number if 'seeds' in case else 1
      runs.wait(process, STEPS * number // (kills + 1) + draw.randrange(10), begun)
      time.sleep(draw.uniform(0, 0.05))
    else:  # before the first step, most likely
      time.sleep(draw.uniform(0.5, 2.5))
    process.kill()
    out, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    from_steps.append(resumed(out))
  from_steps.append(resumed(runs.finish()))
  assert any(from_steps), from_steps  # none is None or 0: one went on from a later step
  assert runs.end() == wanted


@pytest.mark.parametrize(
  ('number', 'code'), [(signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_a_signal_saves_and_the_printed_command_goes_on(
  tmp_path, digits_dir, whole, number, code
):
  runs = Runs(tmp_path / 'run', digits_dir)
  process = runs.start()
  runs.wait(process, 20)
  process.send_signal(number)
  out, err = process.communicate(timeout=300)
  assert process.returncode == code
  assert err.strip() == 'saving and stopping; a second signal stops at once'
  last = out.splitlines()[-1]
  assert last.startswith('saved; to go on: python -m experiments.lenet --workdir=')
  stopped = runs.steps()[-1]
  assert 20 <= stopped < STEPS
  with (runs.folder / 'metrics.jsonl').open('a') as file:
    file.write('{"step": 30, "spl')  # torn, as a crash would leave it
  command = shlex.split(last.removeprefix('saved; to go on: '))
  assert resumed(runs.finish([sys.executable, *command[1:]])) == stopped
  assert runs.end() == whole('lenet')
  for line in (runs.folder / 'metrics.jsonl').read_text().splitlines():
    json.loads(line)


def test_a_full_disk_ends_a_run_in_a_sentence_and_costs_nothing(
  tmp_path, digits_dir, whole
):
  runs = Runs(tmp_path / 'run', digits_dir)
  process = runs.start()
  runs.wait(process, 20)
  full = (runs.folder / 'metrics.jsonl').stat().st_size
  resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (full, full))
  out, err = process.communicate(timeout=300)
  assert (process.returncode, err.count('\n')) == (2, 1), (out, err)
  assert err.startswith('error: ')
  assert 'written' in err
  assert 'make room' in err
  assert (runs.folder / 'metrics.jsonl').stat().st_size == full
  assert resumed(runs.finish()) > 0
  assert runs.end() == whole('lenet')


def test_what_a_crash_left_beyond_its_checkpoint_is_cut(tmp_path):
  c = perceptron.Config(gate='xor', steps=40, checkpoint_every=8, steps_per_call=1)
  whole = train.fit(perceptron.build(c), tmp_path / 'whole')
  folder, calls = tmp_path / 'cut', iter(range(100))
  train.fit(perceptron.build(c), folder, interrupted=lambda: next(calls) == 26)
  shutil.rmtree(folder / 'checkpoints' / '26')  # as if it had crashed before
  assert {'20', '24'} <= {path.stem for path in (folder / 'observed').iterdir()}
  (folder / 'observed' / '28.npz').write_bytes(b'half of a file')
  with (folder / 'metrics.jsonl').open('a') as file:
    file.write('{"step": 26, "split": "train"}\n{"step": 2')
  said = []

  class Progress(progress.Progress):
    def say(self, text):
      said.append(text)

  run = train.fit(perceptron.build(c), folder, progress=Progress(quiet=True))
  assert 'resumed at step 24' in said
  timeless = lambda lines: [
    {k: v for k, v in line.items() if k not in TIMES} for line in lines
  ]
  assert timeless(run.lines) == timeless(whole.lines)
  assert timeless(log.read(folder / 'metrics.jsonl')) == timeless(whole.lines)
  assert list(run.observed) == list(whole.observed) == list(range(0, 41, 4))
  for step, seen in whole.observed.items():
    with np.load(folder / 'observed' / f'{step}.npz') as arrays:
      jax.tree.map(np.testing.assert_array_equal, seen, dict(arrays))
