"""Two processes on one machine make one run; when one dies, the run can go on."""

import functools
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from dl_core import launch
from dl_core.runtime import multihost
from dl_core.train import log, workdir
from dl_core.types import UserError
from experiments import perceptron

# Adam makes a step of the least difference in a gradient; SGD does not.
DRIVER = """
import runpy, sys, optax
optax.adam = optax.adamw = lambda *args, **kwargs: optax.sgd(0.05)
runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)
"""
CASES = {
  'lenet': ('--channels=2', '--batch_size=16'),
  'char_lm': (
    '--hidden=8',
    '--window=8',
    '--length=8',
    '--dropout=0.5',
    '--dataset=text',
  ),
}
STEPS = 20


def start(name, folder, data_dir, *words):
  """Starts one process of a run that writes a line after each step."""
  places = {
    'XLA_FLAGS': '',
    'JAX_COMPILATION_CACHE_DIR': str(folder.parent / 'compiled'),
    'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0',
    'JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES': '-1',
  }
  often = (f'--steps={STEPS}', '--eval_every=1', '--checkpoint_every=5')
  own = (f'--workdir={folder}', f'--data_dir={data_dir}', *often, *CASES[name])
  command = [sys.executable, '-c', DRIVER, f'experiments.{name}']
  return subprocess.Popen(
    [*command, *own, *words],
    env=os.environ | places, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
  )  # fmt: skip


def start_two(name, folder, data_dir):
  with socket.socket() as found:
    found.bind(('127.0.0.1', 0))
    place = f'127.0.0.1:{found.getsockname()[1]}'
  flags = [f'--distributed={place},2,{index}' for index in range(2)]
  return [start(name, folder, data_dir, flag) for flag in flags]


@pytest.mark.parametrize(
  'name',
  [
    pytest.param(name, marks=pytest.mark.slow) if name == 'char_lm' else name
    for name in CASES
  ],
)
def test_two_processes_are_one_run_that_outlives_the_death_of_one(
  name, digits_dir, prose, tmp_path
):
  places = {'lenet': digits_dir, 'char_lm': prose}
  begin = functools.partial(start_two, name, tmp_path / 'two', places[name])
  alone, together = start(name, tmp_path / 'alone', places[name]), begin()
  history, saved = (
    tmp_path / 'two' / name for name in ('metrics.jsonl', 'checkpoints/5')
  )
  while not saved.exists():
    assert [process.poll() for process in together] == [None, None]
    time.sleep(0.01)
  victim, other = together if name == 'lenet' else reversed(together)
  victim.send_signal(signal.SIGKILL)
  _, said = other.communicate(timeout=60)
  victim.communicate()
  assert victim.returncode == -signal.SIGKILL
  assert other.returncode not in (0, None), said
  assert not workdir.finished(tmp_path / 'two')

  together = begin()
  outs = [process.communicate(timeout=300)[0] for process in together]
  assert [process.returncode for process in together] == [0, 0]
  assert 'resumed at step' in outs[0]
  assert 'test loss' in outs[0]
  assert 'step' not in outs[1]  # one process speaks
  alone.communicate(timeout=300)
  assert alone.returncode == 0
  lines, wanted = log.read(history), log.read(tmp_path / 'alone' / 'metrics.jsonl')
  moments = [[(line['step'], line['split']) for line in run] for run in (lines, wanted)]
  assert moments[0] == moments[1]
  for line, want in zip(lines, wanted, strict=True):
    assert line['loss'] == pytest.approx(want['loss'], rel=1e-5)


BAD = ('10.0.0.1,2,0', 'here:1,2,2', 'here:1,0,0', 'automatic')


@pytest.mark.parametrize('text', BAD)
def test_processes_that_cannot_be_are_refused(text, capsys):
  assert launch.run(perceptron, 'perceptron', ['x', f'--distributed={text}']) == 2
  assert 'auto or HOST:PORT,COUNT,INDEX is wanted' in capsys.readouterr().err


def test_a_machine_that_belongs_to_no_cluster_cannot_tell_who_there_is():
  with pytest.raises(UserError, match='did not meet'):
    multihost.join('auto')


def test_an_error_of_a_run_of_one_process_is_no_lost_connection():
  assert not multihost.disconnected(ValueError('Gloo: Connection reset'))
