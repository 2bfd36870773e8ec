import errno
import types

import jax
import pytest

from dl_core import config
from dl_core.train import workdir
from dl_core.types import UserError


def owner(**settings):
  return workdir.Owner('lenet', 'LeNet.', config.Config(**settings), 'digits/1.0.0')


@pytest.fixture
def claimed(tmp_path):
  workdir.claim(tmp_path, owner())
  return tmp_path


@pytest.mark.parametrize(
  ('name', 'value'),
  [
    ('jax_random_seed_offset', 7),
    ('jax_threefry_partitionable', False),
    ('jax_high_dynamic_range_gumbel', True),
    ('jax_allow_f16_reductions', False),
  ],
)
def test_settings_of_jax_that_change_the_batches_belong_to_a_run(claimed, name, value):
  before = getattr(jax.config, name)
  workdir.check(claimed, owner())
  jax.config.update(name, value)
  try:
    with pytest.raises(UserError, match=f'{name} was None and is now {value}'):
      workdir.check(claimed, owner())
  finally:
    jax.config.update(name, before)


def test_the_identity_of_a_run_under_defaults_is_that_of_earlier_versions():
  assert owner().identity == config.settings(config.Config(), 'digits/1.0.0')


def refusal(tmp_path, monkeypatch, number):
  def flock(file, how):
    raise OSError(number, 'reason')

  monkeypatch.setattr(
    workdir, 'fcntl', types.SimpleNamespace(flock=flock, LOCK_EX=0, LOCK_NB=0)
  )
  with pytest.raises(UserError) as error, workdir.locked(tmp_path):
    pass
  return str(error.value)


def test_a_file_system_without_locks_is_not_another_process(tmp_path, monkeypatch):
  assert 'offers no locks' in refusal(tmp_path, monkeypatch, errno.ENOLCK)
  assert 'offers no locks' in refusal(tmp_path, monkeypatch, errno.EOPNOTSUPP)
  assert 'is at work in' in refusal(tmp_path, monkeypatch, errno.EWOULDBLOCK)


def test_a_run_of_an_earlier_version_is_not_asked_for_settings_of_jax(claimed):
  stored = workdir.read_config(claimed)
  del stored['declaration']
  workdir.write_json(claimed / 'config.json', stored)
  jax.config.update('jax_random_seed_offset', 7)
  try:
    workdir.check(claimed, owner())
  finally:
    jax.config.update('jax_random_seed_offset', 0)
