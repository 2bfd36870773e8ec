"""The process of a peer says why it does not work, and never outlives its parent."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from dl_core.bench.peers import process
from dl_core.types import Batch, UserError
from experiments import perceptron


@pytest.fixture
def torch(tmp_path, monkeypatch):
  """Makes `import torch` do what a script says."""

  def fake(script):
    (tmp_path / 'torch.py').write_text(script)
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))

  return fake


def start():
  experiment = perceptron.build(perceptron.BENCH)
  ones = np.ones(1, np.float32)
  batch = Batch(np.ones((1, 2), np.float32), ones, ones)
  return process.started('perceptron', experiment.config, experiment.data.spec, batch)


def refusal():
  with pytest.raises(UserError) as caught, start():
    pass
  return str(caught.value)


def test_without_pytorch_it_says_how_to_install_it(torch):
  torch("raise ImportError('No module named torch')")
  text = refusal()
  assert text.startswith('--peer=torch was given, but PyTorch cannot be imported')
  assert text.endswith("pip install -e '.[bench]'")


def test_the_last_words_of_a_process_that_dies_are_quoted(torch):
  torch("import os; os.write(2, b'a warning\\nout of luck\\n'); os._exit(1)")
  assert 'died (out of luck)' in refusal()


def test_a_process_that_dies_in_silence_leaves_its_exit_code(torch):
  torch('import os; os._exit(7)')
  assert 'died (exit code 7)' in refusal()


def test_it_ends_at_once_when_its_parent_is_gone_however_busy_it_is(torch):
  torch("import time; print('busy', flush=True); time.sleep(600)")
  worker = subprocess.Popen(
    [sys.executable, '-m', 'dl_core.bench.peers.worker'],
    stdin=subprocess.PIPE, stderr=subprocess.PIPE,
  )  # fmt: skip
  with worker:
    worker.stdin.write(pickle.dumps(('perceptron', None, None, 'float32', 'cpu')))
    worker.stdin.flush()
    assert worker.stderr.readline() == b'busy\n'
    worker.stdin.close()
    assert worker.wait(timeout=60) == 0


@pytest.mark.parametrize(
  'name',
  [
    'adding_problem',
    'autoencoder',
    'cifar_resnet',
    'char_lm',
    'gan',
    'lenet',
    'perceptron',
    'pixelcnn',
    'sentiment',
    'seq2seq',
    'transformer',
    'vae',
    'vgg',
  ],
)
def test_it_is_known_without_pytorch_which_experiments_have_peers(name):
  assert process.exists(name)
  assert not process.exists('recurrence')
