"""What happens to a run from outside: it is killed, stopped, and called again."""

import fcntl
import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from dl_core import checkpoint, log, train, workdir
from experiments import perceptron

TIMES = ('seconds', 'examples_per_second', 'tokens_per_second')
STEPS = 60
OFTEN = (f'--steps={STEPS}', '--eval_every=5', '--checkpoint_every=7')
LENET = ('--channels=2', '--batch_size=16', '--keep_best', *OFTEN)
CASES = {
  'lenet': ('lenet', LENET),
  'streamed': ('lenet', (*LENET, '--resident_bytes=0')),
  'char_lm': ('char_lm', ('--hidden=8', '--window=8', '--length=8', *OFTEN)),
  'gan': ('gan', ('--net=mlp', '--batch_size=16', '--judge_steps=1', *OFTEN)),
  'seeds side by side': ('perceptron', ('--gate=xor', '--until=', '--seeds=3', *OFTEN)),
  'seeds in turn': ('perceptron', ('--gate=xor', '--seeds=3', *OFTEN)),
}


class Runs:
  """Runs of an experiment in one workdir, always by the same command."""

  def __init__(self, folder, data_dir, case='lenet'):
    self.folder, self.case = folder, case
    self._places = {
      'TFDS_DATA_DIR': data_dir,
      'XLA_FLAGS': '',
      # What the first run compiled, so that a start takes a third of the time.
      'JAX_COMPILATION_CACHE_DIR': f'{data_dir}/../compiled',
      'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0',
      'JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES': '-1',
    }

  def start(self, command=None):
    name, words = CASES[self.case]
    given = [sys.executable, '-m', f'experiments.{name}', f'--workdir={self.folder}']
    return subprocess.Popen(
      command or [*given, *words], env=os.environ | self._places, text=True,
      stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip

  def finish(self, command=None):
    process = self.start(command)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, '')
    return out

  def folders(self):
    """The folders of the runs: of a study several, else one."""
    return sorted(self.folder.glob('seed-*')) or [self.folder]

  def wait(self, process, step, begun=1):
    """Returns when the last run that has begun has come so far, of `begun` or more."""
    while process.poll() is None:
      folders = self.folders()
      lines = log.read(folders[-1] / 'metrics.jsonl')
      if len(folders) >= begun and lines and lines[-1]['step'] >= step:
        return
      time.sleep(0.002)
    raise AssertionError(process.communicate())

  def saved(self):
    folders = (self.folder / 'checkpoints').glob('[0-9]*')
    return max((int(f.name) for f in folders if f.name.isdigit()), default=None)

  def end(self):
    """The last weights and everything logged, less the times, of every run."""
    found = []
    for folder in self.folders():
      lines = log.read(folder / 'metrics.jsonl')
      with checkpoint.Checkpoints(folder / 'checkpoints', read_only=True) as store:
        leaves = store.read(store.steps()[-1], {}, ())
      assert lines[-1]['split'] == 'test'
      assert leaves['state.step'] == STEPS
      kept = [{k: v for k, v in line.items() if k not in TIMES} for line in lines]
      leaves = {name: np.asarray(leaf).tobytes() for name, leaf in leaves.items()}
      found.append((leaves, kept))
    assert workdir.finished(self.folder)
    return found


@pytest.fixture(scope='module')
def whole(digits_dir):
  """(case) -> the end of a run that nobody interrupts, made once for all workers."""

  def end(case):
    folder = Path(digits_dir).parent / f'whole {case}'
    with folder.with_suffix('.lock').open('w') as file:
      fcntl.flock(file, fcntl.LOCK_EX)
      runs = Runs(folder, digits_dir, case)
      if not workdir.finished(folder):
        runs.finish()
    return runs.end()

  return end


def resumed(out):
  found = re.search(r'resumed at step (\d+)', out)
  return int(found[1]) if found else None


@pytest.mark.parametrize('case', CASES)
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
  assert err.strip() == 'to be saved and stopped; once more stops at once'
  last = out.splitlines()[-1]
  assert last.startswith('saved; to go on: python -m experiments.lenet --workdir=')
  stopped = runs.saved()
  assert 20 <= stopped < STEPS
  with (runs.folder / 'metrics.jsonl').open('a') as file:
    file.write('{"step": 30, "spl')  # torn, as a crash would leave it
  command = shlex.split(last.removeprefix('saved; to go on: '))
  assert resumed(runs.finish([sys.executable, *command[1:]])) == stopped
  assert runs.end() == whole('lenet')
  for line in (runs.folder / 'metrics.jsonl').read_text().splitlines():
    json.loads(line)


def test_what_a_crash_left_beyond_its_checkpoint_is_cut(tmp_path):
  c = perceptron.Config(gate='xor', steps=40, checkpoint_every=8)
  whole = train.fit(perceptron.build(c), tmp_path / 'whole')
  folder, calls = tmp_path / 'cut', iter(range(100))
  train.fit(perceptron.build(c), folder, interrupted=lambda: next(calls) == 26)
  shutil.rmtree(folder / 'checkpoints' / '26')  # as if it had crashed before
  assert {'20', '24'} <= {path.stem for path in (folder / 'observed').iterdir()}
  (folder / 'observed' / '28.npz').write_bytes(b'half of a file')
  with (folder / 'metrics.jsonl').open('a') as file:
    file.write('{"step": 26, "split": "train"}\n{"step": 2')
  said = []

  class Progress(train.Progress):
    def say(self, text):
      said.append(text)

  run = train.fit(perceptron.build(c), folder, progress=Progress(40, quiet=True))
  assert 'resumed at step 24' in said
  timeless = lambda lines: [  # noqa: E731
    {k: v for k, v in line.items() if k not in TIMES} for line in lines
  ]
  assert timeless(run.lines) == timeless(whole.lines)
  assert timeless(log.read(folder / 'metrics.jsonl')) == timeless(whole.lines)
  assert list(run.observed) == list(whole.observed) == list(range(0, 41, 4))
  for step, seen in whole.observed.items():
    with np.load(folder / 'observed' / f'{step}.npz') as arrays:
      jax.tree.map(np.testing.assert_array_equal, seen, dict(arrays))
