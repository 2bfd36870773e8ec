"""Runs of experiments as a user starts them, to be killed, damaged and compared."""

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from dl_core.train import checkpoint, log, workdir

TIMES = ('seconds', 'examples_per_second', 'tokens_per_second')
STEPS = 60
OFTEN = (f'--steps={STEPS}', '--eval_every=5', '--checkpoint_every=7')
LENET = ('--channels=2', '--batch_size=16', '--keep_best', *OFTEN)
CASES = {
  'lenet': ('lenet', LENET),
  'streamed': ('lenet', (*LENET, '--resident_bytes=0')),
  'char_lm': ('char_lm', ('--hidden=8', '--window=8', '--length=8', *OFTEN)),
  'cyclegan': (
    'cyclegan',
    (
      *('--size=16', '--width=2', '--blocks=1', '--critic_layers=1'),
      *('--judge_steps=1', *OFTEN),
    ),
  ),
  'gan': ('gan', ('--net=mlp', '--batch_size=16', '--judge_steps=1', *OFTEN)),
  'seeds side by side': ('perceptron', ('--gate=xor', '--until=', '--seeds=3', *OFTEN)),
  'seeds in turn': ('perceptron', ('--gate=xor', '--seeds=3', *OFTEN)),
}


class Runs:
  """Runs of an experiment in one workdir, always by the same command.

  Args:
    folder: the workdir.
    data_dir: where its data sets are, or will be; what is compiled is kept beside.
    case: which experiment, by which flags.
    more: further flags.
    environment: further variables.
  """

  def __init__(self, folder, data_dir, case='lenet', more=(), environment=()):
    self.folder, self.case, self.more = Path(folder), case, more
    self._places = {
      'JAX_PLATFORMS': 'cpu',
      'TFDS_DATA_DIR': str(data_dir),
      'XLA_FLAGS': '',
      # What the first run compiled, so that a start takes a third of the time.
      'JAX_ENABLE_COMPILATION_CACHE': 'true',
      'JAX_COMPILATION_CACHE_DIR': f'{data_dir}/../compiled',
      'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0',
      'JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES': '-1',
      **dict(environment),
    }

  def command(self, *more, fault=''):
    """The command; `fault` is one that tests.faults.driver knows how to make."""
    name, words = CASES[self.case]
    module = ('tests.faults.driver', fault, name) if fault else (f'experiments.{name}',)
    given = (f'--workdir={self.folder}', *words, *self.more, *more)
    return [sys.executable, '-m', *module, *given]

  def start(self, command=None):
    return subprocess.Popen(
      command or self.command(), env=os.environ | self._places, text=True,
      stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip

  def call(self, command=None):
    """Starts it and waits for its end: (exit code, stdout, stderr)."""
    process = self.start(command)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err

  def finish(self, command=None):
    code, out, err = self.call(command)
    assert (code, err) == (0, ''), (code, out, err)
    return out

  def refused(self, command=None):
    """Calls what must end with one sentence and code 2; returns the sentence."""
    code, out, err = self.call(command)
    assert code == 2, (code, out, err)
    assert err.startswith('error: '), err
    assert err.count('\n') == 1, err
    return err.strip()

  def stop(self, step=20):
    """Starts it and has it save and stop at about a step; returns what it printed."""
    process = self.start()
    self.wait(process, step)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 143, (process.returncode, out, err)
    return out

  def folders(self):
    """The folders of the runs: of a study several, else one."""
    return sorted(self.folder.glob('seed-*')) or [self.folder]

  def at(self, step, begun=1):
    """Whether the last run that has begun has come so far, of `begun` or more."""
    folders = self.folders()
    lines = log.read(folders[-1] / 'metrics.jsonl')
    return len(folders) >= begun and bool(lines) and lines[-1]['step'] >= step

  def wait(self, process, step, begun=1):
    """Returns when it is there; see `at`."""
    while process.poll() is None:
      if self.at(step, begun):
        return
      time.sleep(0.002)
    raise AssertionError(process.communicate())

  def steps(self):
    """The steps of the checkpoints, in order."""
    folders = (self.folder / 'checkpoints').glob('[0-9]*')
    return sorted(int(each.name) for each in folders if each.name.isdigit())

  def unfinished(self):
    """What is there of checkpoints that are being written, or were: {(name, inode)}."""
    found = (self.folder / 'checkpoints').glob('*.orbax-checkpoint-tmp*')
    with contextlib.suppress(FileNotFoundError):  # it has been finished just now
      return {(path.name, path.stat().st_ino) for path in found}
    return set()

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


def uninterrupted(data_dir, case='lenet', **options):
  """The end of a run that nobody interrupts, made once for all processes."""
  folder = Path(data_dir).parent / f'whole {case}'
  with folder.with_suffix('.lock').open('w') as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    runs = Runs(folder, data_dir, case, **options)
    if not workdir.finished(folder):
      runs.finish()
  return runs.end()


def resumed(out):
  """The step at which a run says that it went on; None where it began."""
  found = re.search(r'resumed at step (\d+)', out)
  return int(found[1]) if found else None
