"""The table of devices, and the share of a peak that a run reports."""

import os
import subprocess
import sys
import types

import jax
import pytest

from dl_core.runtime import devices
from dl_core.train import progress


@pytest.mark.parametrize(
  ('kind', 'name'),
  [
    ('NVIDIA H100 80GB HBM3', 'H100 80 GB'),
    ('NVIDIA H200', 'H200'),
    ('NVIDIA A100-SXM4-80GB', 'A100 80 GB'),
    ('TPU v5 lite', 'TPU v5e'),
    ('TPU v5p', 'TPU v5p'),
    ('TPU v5', 'TPU v5p'),
    ('TPU v6 lite', 'TPU v6e'),
  ],
)
def test_a_device_is_known_by_what_jax_calls_it(kind, name):
  device = types.SimpleNamespace(device_kind=kind)
  for precision in ('float32', 'bfloat16'):
    peak = devices.DEVICES[name].peaks[precision]
    assert devices.peak(device, precision) == peak


def test_a_device_that_is_not_known_has_no_peak():
  assert devices.peak(types.SimpleNamespace(device_kind='cpu'), 'float32') is None


def test_mfu_is_the_share_of_the_time_that_the_peak_would_take(monkeypatch):
  now = [0.0]
  monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
  clock = progress.Clock(batch_size=8, busy=0.002)
  clock.run(1, 0, lambda text: None)
  now[0] = 1.0
  assert clock.rate(101) == {'examples_per_second': 800.0, 'mfu': 0.2}
  assert 'mfu' not in progress.Clock(batch_size=8).rate(101)


@pytest.mark.parametrize('wanted', ['cuda', 'tpu', 'nonsense'])
def test_a_platform_that_the_environment_names_and_jax_lacks_is_a_sentence(wanted):
  if wanted == jax.devices()[0].client.platform:
    pytest.skip('JAX finds it here')
  done = subprocess.run(
    [sys.executable, '-m', 'experiments.lenet', '--steps=1'],
    env=os.environ | {'JAX_PLATFORMS': wanted},
    capture_output=True,
    encoding='utf-8',
    check=False,
  )
  assert done.returncode == 2
  said = done.stderr.strip().splitlines()
  assert said[-1].startswith(
    f'error: JAX_PLATFORMS={wanted} is set, but JAX finds only '
  )
  assert 'Traceback' not in done.stderr


def test_devices_that_jax_finds_are_not_refused():
  devices.check()
