"""`--init_from` of a study without runs: the model of a workdir, or of a file."""

import functools

import chex
import jax
import pytest

from dl_core import launch, train
from dl_core.launch import given
from dl_core.models.weights import exchange, files
from dl_core.types import UserError
from experiments import gpt, perceptron

SMALL = gpt.Config(layers=1, width=8, window=4)


def test_a_workdir_gives_the_model_that_was_trained_there(tmp_path):
  words = ['x', f'--workdir={tmp_path}', '--gate=or', '--steps=24']
  assert launch.run(perceptron, 'perceptron', words) == 0
  found = given.model(perceptron, perceptron.Config(init_from=str(tmp_path)))
  assert found.experiment.config.gate == 'or'
  data, task = found.experiment.data, found.experiment.task
  (batch,) = data.splits['test']()
  right, count = task.metrics(found.variables(), batch, jax.random.key(0))['accuracy']
  assert right == count
  assert found.variables() is found.variables()


def test_settings_that_the_workdir_has_not_are_refused(tmp_path):
  words = ['x', f'--workdir={tmp_path}', '--gate=or', '--steps=24']
  assert launch.run(perceptron, 'perceptron', words) == 0
  with pytest.raises(UserError, match=r'--gate=xor was given, but .* trained with'):
    given.model(perceptron, perceptron.Config(init_from=str(tmp_path), gate='xor'))


def test_a_file_of_weights_gives_them_to_the_network_of_the_settings(tmp_path):
  experiment = gpt.build(SMALL)
  start = jax.jit(functools.partial(train.init_state, experiment))
  variables = start(jax.random.key(3)).variables
  path = tmp_path / 'a.safetensors'
  files.write(path, exchange.given(variables, experiment.names))
  c = gpt.Config(layers=1, width=8, window=4, init_from=str(path))
  chex.assert_trees_all_equal(given.model(gpt, c).variables(), variables)


def test_a_run_of_a_study_is_refused():
  with pytest.raises(UserError, match='--init_from=study:gpt was given, which only'):
    given.model(gpt, gpt.Config(init_from='study:gpt'))
