import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = (
  'orbax', 'tensorflow_datasets', 'grain', 'matplotlib', 'sklearn', 'safetensors',
)  # fmt: skip
REPORT = """
import json, sys
print(json.dumps([globals().get('value'), sorted(sys.modules)]))
"""

LISTING = """
import runpy
runpy.run_module('experiments', run_name='__main__')
"""
HELP = """
import importlib, pkgutil
from absl import flags
import experiments
from dl_core import launch
names = [m.name for m in pkgutil.iter_modules(experiments.__path__) if m.name[0] != '_']
modules = [importlib.import_module(f'experiments.{name}') for name in names]
for name, module in zip(names, modules, strict=True):
  if hasattr(module, 'build'):
    assert launch.run(module, name, ['prog', '--help']) == 0
found = flags.FLAGS.flags_by_module_dict()
value = {name: [f.name for f in flags] for name, flags in found.items()}
"""
TRAINING = """
from dl_core import launch
from experiments import lenet
words = ['--channels=2', '--batch_size=8', '--steps=2', '--workdir=run']
assert launch.run(lenet, 'lenet', ['prog', *words]) == 0
"""
EVERYTHING = """
import importlib, pkgutil
import dl_core, experiments
peers = 'dl_core.bench.peers.'
value = [peers + 'process', peers + 'worker']
for package in (dl_core, experiments):
  for found in pkgutil.walk_packages(package.__path__, f'{package.__name__}.'):
    if not found.name.startswith(peers) and not found.name.endswith('__main__'):
      value.append(found.name)
for name in value:
  importlib.import_module(name)
"""
FAKE = """
import pathlib
pathlib.Path(__file__).with_name('attempted').touch()
raise ImportError('this is the fake of a test')
"""


@pytest.fixture
def run(tmp_path, digits_dir):
  """Runs a script: its `value`, the modules it imported, what it printed.

  TensorFlow and PyTorch seem to be installed, and note every attempt to import them.
  """
  for name in ('tensorflow', 'torch'):
    (tmp_path / 'fake' / name).mkdir(parents=True)
    (tmp_path / 'fake' / name / '__init__.py').write_text(FAKE)
  places = {'PYTHONPATH': f'{tmp_path / "fake"}:{ROOT}', 'TFDS_DATA_DIR': digits_dir}

  def start(script):
    done = subprocess.run(
      [sys.executable, '-c', script + REPORT],
      cwd=tmp_path, env=os.environ | places, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    value, modules = json.loads(done.stdout.splitlines()[-1])
    return value, set(modules), done.stdout

  return start


def test_the_listing_imports_no_jax(run):
  _, modules, out = run(LISTING)
  assert 'python -m experiments.NAME' in out
  assert 'lenet' in out
  assert not modules & {'jax', 'numpy', 'flax', 'dl_core'}


def test_help_imports_nothing_heavy_and_importing_declares_no_flag(run):
  declared, modules, out = run(HELP)
  assert '--learning_rate' in out
  assert 'experiments.lenet' in modules
  assert not modules & set(HEAVY)
  ours = [name for name in declared if name.startswith(('dl_core', 'experiments'))]
  assert ours == []
  names = {flag for flags in declared.values() for flag in flags}
  assert not names & {'steps', 'workdir', 'batch_size', 'learning_rate'}


def test_training_imports_neither_tensorflow_nor_torch(run, tmp_path):
  _, modules, out = run(TRAINING)
  assert 'step 2/2' in out
  assert {'orbax.checkpoint', 'tensorboardX'} <= modules  # it did save and log
  assert [path.parent.name for path in tmp_path.glob('fake/*/attempted')] == []


def test_nothing_but_the_peers_imports_torch(run, tmp_path):
  imported, _, _ = run(EVERYTHING)
  assert {'dl_core.bench.peers', 'dl_core.data.images', 'experiments.gan'} <= set(
    imported
  )
  assert not (tmp_path / 'fake' / 'torch' / 'attempted').exists()
