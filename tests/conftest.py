"""Every test runs on CPU with 8 simulated devices; promotion of ranks is an error."""

import atexit
import ctypes
import gc
import os
import shutil
import tempfile
from importlib import metadata

os.environ['JAX_PLATFORMS'] = 'cpu'
# Most of the time of the tests is compiling: LLVM trying less hard takes half of it.
os.environ['XLA_FLAGS'] = (
  '--xla_force_host_platform_device_count=8 --xla_backend_optimization_level=0'
)
os.environ['JAX_NUMPY_RANK_PROMOTION'] = 'raise'
# What one worker has compiled serves the others; nothing of an earlier start does.
if 'PYTEST_XDIST_WORKER' not in os.environ:
  os.environ['JAX_COMPILATION_CACHE_DIR'] = tempfile.mkdtemp(prefix='compiled-')
  atexit.register(shutil.rmtree, os.environ['JAX_COMPILATION_CACHE_DIR'])
os.environ['JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS'] = '0.05'
os.environ['JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES'] = '-1'

from collections import Counter
from pathlib import Path

import jax
import pytest

from dl_core.data import corpus, scenes
from dl_core.runtime import compilation

compilation.ONCE.update(compilation.NEVER)
# Tests of data, and those that want two runs to agree in every bit.
EXACT = ('data', 'runtime', 'train')
# The older way to compile loops takes two thirds of the time; the last bit differs.
# jaxlib 0.11 has no such option.
OLDER = metadata.version('jaxlib').startswith('0.10.')
QUICK = {'xla_cpu_use_fusion_emitters': False} if OLDER else {}
EXECUTABLES = 800  # in memory, of about 2 MB each, before a worker drops them
SECONDS: Counter[str] = Counter()  # of each test file; setups and teardowns count


def pytest_addoption(parser):
  parser.addoption('--test_data', default='', help='folder of real data')


def pytest_runtest_logreport(report):
  SECONDS[report.nodeid.partition('::')[0]] += report.duration


def pytest_terminal_summary(terminalreporter):
  terminalreporter.section('slowest test files')
  for name, seconds in SECONDS.most_common(10):
    terminalreporter.write_line(f'{seconds:8.1f} s  {name}')


@pytest.fixture(autouse=True)
def _drop_executables():
  """Keeps a worker small: JAX holds what it has compiled until it is told not to."""
  yield
  if len(jax.devices()[0].client.live_executables()) > EXECUTABLES:
    jax.clear_caches()
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), 'malloc_trim', None):  # glibc has it
      trim(0)


@pytest.fixture(scope='module', autouse=True)
def _quick(request):
  """Leaves few scenes, short texts and the last bit to tests that need no more."""
  if request.path.relative_to(Path(__file__).parent).parts[0] in EXACT:
    yield
    return
  span, often = corpus.span, compilation.often
  with pytest.MonkeyPatch.context() as patch:
    for split, count in {'train': 2_000, 'validation': 200, 'test': 200}.items():
      patch.setitem(scenes.COUNTS, split, count)
    patch.setattr(corpus, 'span', lambda part, n: span(part, min(n, 200_000)))
    patch.setattr(compilation, 'often', lambda: often() | QUICK)
    for name, value in QUICK.items():
      patch.setitem(compilation.ONCE, name, value)
    yield


@pytest.fixture(scope='session')
def test_data(request) -> Path:
  """The folder of real data, or a skip in words."""
  folder = request.config.getoption('--test_data')
  if not folder:
    pytest.skip('needs real data: make test-all TEST_DATA=DIR')
  return Path(folder)


@pytest.fixture(scope='session')
def prose(tmp_path_factory) -> str:
  """A short text of one's own, for `--dataset=text --data_dir=FILE`."""
  path = tmp_path_factory.mktemp('prose') / 'prose.txt'
  path.write_text((Path(__file__).parent.parent / 'BUILD_NOTES.md').read_text()[:4_000])
  return str(path)


@pytest.fixture(scope='session')
def digits_dir(tmp_path_factory, worker_id) -> str:
  """A data_dir in which the digits are prepared, once for all workers."""
  from dl_core.data import sources

  base = tmp_path_factory.getbasetemp()
  data_dir = (base if worker_id == 'master' else base.parent) / 'digits'
  sources.prepare(sources.declare('digits', str(data_dir)))  # under a lock
  return str(data_dir)


@pytest.fixture(scope='session')
def clutter_dir(digits_dir) -> str:
  """A data_dir in which the scenes of one digit are prepared, too."""
  from dl_core.data import sources

  sources.prepare(sources.declare('clutter_one', digits_dir))  # under a lock
  return digits_dir
