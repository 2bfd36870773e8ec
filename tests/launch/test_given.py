"""`--init_from` of a study without runs: the model of a workdir, or of a file."""

import dataclasses
import functools
import types

import chex
import jax
import pytest

from dl_core import launch, train
from dl_core.launch import export, given, predict
from dl_core.types import UserError
from experiments import gpt, perceptron

SMALL = gpt.Config(layers=1, width=8, window=4)


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
  """The workdir of a perceptron."""
  folder = str(tmp_path_factory.mktemp('trained'))
  words = ['x', f'--workdir={folder}', '--gate=or', '--steps=24']
  assert launch.run(perceptron, 'perceptron', words) == 0
  return folder


def test_a_workdir_gives_the_model_that_was_trained_there(trained):
  found = given.model(perceptron, perceptron.Config(init_from=trained))
  assert found.experiment.config.gate == 'or'
  data, task = found.experiment.data, found.experiment.task
  (batch,) = data.splits['test']()
  right, count = task.metrics(found.variables(), batch, jax.random.key(0))['accuracy']
  assert right == count
  assert found.variables() is found.variables()


def test_settings_that_the_workdir_has_not_are_refused(trained):
  with pytest.raises(UserError, match=r'--gate=xor was given, but .* trained with'):
    given.model(perceptron, perceptron.Config(init_from=trained, gate='xor'))


def test_an_exported_file_gives_its_weights_to_the_network_of_the_settings(
  tmp_path, monkeypatch
):
  experiment = gpt.build(SMALL)
  start = jax.jit(functools.partial(train.init_state, experiment))
  variables = start(jax.random.key(3)).variables
  model = types.SimpleNamespace(experiment=experiment, variables=lambda: variables)
  monkeypatch.setattr(predict, 'trained', lambda *_: model)
  path = str(tmp_path / 'a.safetensors')
  assert export.main(gpt, 'gpt', dataclasses.replace(SMALL, export=path)) == 0
  found = given.model(gpt, dataclasses.replace(SMALL, init_from=path))
  chex.assert_trees_all_equal(found.variables(), variables)


def test_a_run_of_a_study_is_refused():
  with pytest.raises(UserError, match='--init_from=study:gpt was given, which only'):
    given.model(gpt, gpt.Config(init_from='study:gpt'))
