"""What is compiled is kept, where the user can be written to."""

import dataclasses
import os
import re
import subprocess
import sys

import jax
import pytest

from dl_core.launch import studies
from dl_core.runtime import compilation
from dl_core.train.progress import Progress
from experiments import capacity

STEP = ('experiments.perceptron', '--steps=1')


def start(tmp_path, **changes):
  """Runs a step; returns the files that are kept, and what it printed."""
  kept = ('JAX_COMPILATION_CACHE_DIR', 'JAX_ENABLE_COMPILATION_CACHE')
  environment = {k: v for k, v in os.environ.items() if k not in kept}
  environment |= {
    'XDG_CACHE_HOME': str(tmp_path / 'cache'),
    'JAX_DEBUG_LOG_MODULES': 'jax._src.compiler',
    **changes,
  }
  command = [sys.executable, '-m', *STEP, f'--workdir={tmp_path}/run', '--fresh']
  done = subprocess.run(
    command, capture_output=True, text=True, check=True, env=environment
  )
  return sorted(tmp_path.glob('cache/dl_core/compiled-*/*-cache')), done.stderr


def test_a_second_start_compiles_nothing_that_the_first_has_kept(tmp_path):
  first, told = start(tmp_path)
  assert first
  assert 'cache hit' not in told
  stamps = [path.stat().st_mtime_ns for path in first]
  again, told = start(tmp_path)
  assert set(first) <= set(again)  # more where it took longer now
  assert [path.stat().st_mtime_ns for path in first] == stamps
  for path in first:
    assert re.search(
      f'cache hit for .* with key .{path.name.removesuffix("-cache")}', told
    )


def test_it_can_be_switched_off(tmp_path):
  assert start(tmp_path, JAX_ENABLE_COMPILATION_CACHE='false')[0] == []


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path):
  (tmp_path / 'cache').write_text('a file')
  quiet = {'JAX_DEBUG_LOG_MODULES': '', 'MPLCONFIGDIR': str(tmp_path / 'mpl')}
  _, told = start(tmp_path, **quiet)
  assert told == ''


@pytest.mark.parametrize('given', ['', 'elsewhere', '/cache'])
def test_the_folder_is_that_of_xdg(given, monkeypatch):
  monkeypatch.setenv('XDG_CACHE_HOME', given)
  monkeypatch.setenv('HOME', '/someone')
  own = given if given.startswith('/') else '/someone/.cache'
  assert str(compilation.cache()) == own


@pytest.mark.parametrize(('most', 'dropped'), [(0, True), (10**9, False)])
def test_programs_are_dropped_where_they_have_many_mappings(most, dropped, monkeypatch):
  monkeypatch.setattr(compilation, 'MAPPINGS', most)
  traced = []

  @jax.jit
  def double(x):
    traced.append(x)
    return 2 * x

  double(1.0)
  compilation.spare()
  assert double(1.0) == 2
  assert len(traced) == (2 if dropped else 1)


def test_a_study_drops_what_it_compiled_for_other_settings(tmp_path, monkeypatch):
  calls = []
  monkeypatch.setattr(compilation, 'spare', lambda: calls.append(1))
  c = dataclasses.replace(capacity.TINY, workdir=str(tmp_path))
  study = studies.of(capacity, c)
  plan = studies.plan(capacity, 'capacity', c, study)
  assert studies.perform(plan, study, lambda: False, Progress(quiet=True))
  assert 1 < len(calls) == len(study.runs)
