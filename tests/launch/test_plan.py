"""Plans against what runs: parameters, bytes and operations."""

import dataclasses
import json
import subprocess
import sys

import jax
import pytest

from dl_core import launch, train
from dl_core.launch import plan
from dl_core.runtime import flops
from dl_core.types import UserError
from tests.families import BUILT, MODULES, marked


def tiny(name, **changes):
  module = MODULES[name]
  return module.build(dataclasses.replace(module.TINY, **changes))


# `make test-all` plans all.
PLANNED = ('char_lm', 'cifar_resnet', 'gan', 'gcn', 'gpt', 'lenet', 'mlp', 'seq2seq')


@pytest.mark.parametrize('name', marked(BUILT, PLANNED.__contains__))
def test_every_experiment_can_be_planned(name):
  e = tiny(name)
  found = plan.of(e)
  state = jax.eval_shape(lambda: train.init_state(e, jax.random.key(0)))
  sizes = [leaf.size for leaf in jax.tree.leaves(state.params)]
  assert found['parameters'] == sum(sizes)
  rows = found['modules'].values()
  assert sum(row['parameters'] for row in rows) == sum(sizes)
  assert sum(len(row['shapes']) for row in rows) == len(sizes)
  held = found['bytes_per_device']
  assert held['total'] == held['arguments'] + held['temporaries'] + held['output']
  assert held['arguments'] >= 4 * sum(sizes)
  assert found['collective_bytes'] == {}
  assert all(found['fits'].values())
  assert str(found['parameters']) in plan.text(found).replace(',', '')


def test_bytes_fall_as_the_mesh_says():
  e = tiny('char_lm', hidden=128, batch_size=64)
  meshes = ('data:1', 'data:8', 'fsdp:8', 'data:2,fsdp:2,tensor:2')
  settings = {'hidden': 128, 'batch_size': 64}
  found = {mesh: plan.of(tiny('char_lm', mesh=mesh, **settings)) for mesh in meshes}
  held = {mesh: each['bytes_per_device'] for mesh, each in found.items()}
  large = sum(
    4 * 4 * leaf.size  # itself, Adam's two moments and the average, of 4 bytes
    for leaf in jax.tree.leaves(train.init_state(e, jax.random.key(0)).params)
    if leaf.size >= 2**16
  )
  saved = held['data:8']['arguments'] - held['fsdp:8']['arguments']
  assert saved == large * 7 // 8
  assert held[meshes[3]]['arguments'] < 0.6 * held['data:8']['arguments']
  assert held['data:8']['temporaries'] < held['data:1']['temporaries'] / 2
  assert found['data:8']['devices'] == 8
  assert {each['flops_per_step'] for each in found.values()} == {
    flops.count(
      train.make_update(e.task, e.optimizers),
      jax.eval_shape(lambda: train.init_state(e, jax.random.key(0))),
      e.data.spec.batch,
    ).products
  }


@pytest.mark.parametrize('name', ['char_lm', 'lenet', 'gan'])
def test_data_parallel_devices_send_the_gradients_and_little_else(name):
  """All-reduces of each gradient, of a convolution as the product that it is here."""
  found = plan.of(tiny(name, mesh='data:8', batch_size=64))
  assert set(found['collective_bytes']) == {'all-reduce'}
  assert found['collective_bytes']['all-reduce'] < 1.1 * 4 * found['parameters'] + 1_000


def test_the_plan_of_a_mesh_that_is_not_there_is_written_to_the_workdir(tmp_path):
  command = [sys.executable, '-m', 'experiments.char_lm', f'--workdir={tmp_path}']
  done = subprocess.run(
    [*command, '--mesh=data:4,fsdp:4,tensor:2', '--plan'],
    capture_output=True, text=True, check=True,
  )  # fmt: skip
  found = json.loads((tmp_path / 'plan.json').read_text())
  assert found['devices'] == 32
  assert f'{found["parameters"]:,}' in done.stdout
  assert done.stderr == ''
  assert [path.name for path in tmp_path.iterdir()] == ['plan.json']


def test_a_plan_does_not_stand_in_the_way_of_the_run(tmp_path):
  words = [f'--workdir={tmp_path}', '--steps=1', '--gate=or']

  def run(*more):
    return launch.run(MODULES['perceptron'], 'perceptron', ['', *words, *more])

  assert run('--plan') == 0
  assert run() == 0
  assert run('--plan') == 0
  assert run('--fresh') == 0


def test_a_study_is_planned_run_by_run(tmp_path, capsys):
  words = [
    '',
    f'--workdir={tmp_path}',
    '--hidden=8',
    '--what=cell',
    '--seeds=1',
    '--plan',
  ]
  assert launch.run(MODULES['recurrence'], 'recurrence', words) == 0
  sizes = [
    json.loads((tmp_path / cell / 'plan.json').read_text())['parameters']
    for cell in ('rnn', 'gru', 'lstm')
  ]
  assert sizes == sorted(set(sizes))
  assert 'lstm\n' in capsys.readouterr().out


def test_too_many_devices_for_this_process_are_a_sentence():
  with pytest.raises(UserError, match='which is 64 devices, but JAX has begun with 8'):
    plan.simulate('data:64')


def test_a_table_of_many_modules_takes_those_of_one_parent_together():
  params = {
    f'stage_{s}': {f'block_{b}': {'kernel': jax.ShapeDtypeStruct((2, 3), float)}
                   for b in range(30)} for s in range(2)
  }  # fmt: skip
  lines = plan.table(plan.modules(params))
  assert [line.split() for line in lines] == [['stage_0', '180'], ['stage_1', '180']]


def test_a_device_fits_what_it_can_hold():
  fits = plan.fits(90e9)
  assert fits['H200']
  assert not fits['H100 80 GB']
