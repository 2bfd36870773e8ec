"""Traces of a few calls."""

import jax
import jax.numpy as jnp
import pytest

from dl_core import train
from dl_core.runtime import profile
from experiments import perceptron


def files(folder):
  return [path.name for path in folder.rglob('*') if path.is_file()]


@pytest.mark.parametrize('calls', [3, 5, 20])
def test_some_calls_leave_a_trace_and_a_command_to_see_it(calls, tmp_path):
  said, step = [], jax.jit(lambda x: x + 1)
  with profile.traced(step, tmp_path, said.append) as call:
    x = jnp.zeros(())
    for _ in range(calls):
      x = call(x)
  assert x == calls
  assert any(name.endswith('.xplane.pb') for name in files(tmp_path))
  assert said == [f'traced; to see it: pip install xprof && xprof --logdir={tmp_path}']


def test_too_few_calls_are_told(tmp_path):
  said = []
  with profile.traced(lambda: 0, tmp_path, said.append) as call:
    call()
  assert files(tmp_path) == []
  assert said == ['nothing traced: --profile begins with call 3 of a run']


def test_without_a_folder_nothing_is_traced():
  step = lambda: 0
  with profile.traced(step, None, print) as call:
    assert call is step


def test_a_run_is_traced_where_that_is_asked_for(tmp_path):
  c = perceptron.Config(gate='xor', steps=30, profile=True)
  train.fit(perceptron.build(c), tmp_path)
  assert files(tmp_path / 'profile')
