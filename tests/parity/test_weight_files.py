"""PyTorch's own files are read as they are saved, and nothing in them is executed."""

import argparse

import numpy as np
import pytest

from dl_core.models.weights import files
from dl_core.types import UserError
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)


@pytest.mark.parametrize('wrap', [lambda d: d, lambda d: {'model': d, 'epoch': 3}])
@pytest.mark.parametrize('ending', files.PYTORCH)
def test_tensors_of_any_width_are_read_wherever_they_lie(tmp_path, wrap, ending):
  path = tmp_path / f'weights{ending}'
  layer = torch.nn.Linear(2, 3).bfloat16()
  torch.save(wrap(layer.state_dict() | {'n': torch.tensor(3)}), path)
  found = files.read(path).arrays
  assert found.keys() == {'weight', 'bias', 'n'}
  assert found['weight'].dtype == np.float32
  expected = layer.weight.detach().float()
  np.testing.assert_array_equal(found['weight'], expected)


class Trap:
  def __reduce__(self):
    return open, ('sprung', 'w')


def test_what_would_execute_something_is_refused(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  torch.save({'state_dict': {'weight': Trap()}}, 'trap.pth')
  with pytest.raises(UserError, match=r'trap\.pth was given, which cannot be read'):
    files.read(tmp_path / 'trap.pth')
  assert [path.name for path in tmp_path.iterdir()] == ['trap.pth']


@pytest.mark.parametrize('content', [3, {}, {'state_dict': {'epoch': 3}}, [1, 2]])
def test_a_file_without_tensors_is_refused(tmp_path, content):
  torch.save(content, tmp_path / 'a.pt')
  with pytest.raises(UserError, match='holds no arrays'):
    files.read(tmp_path / 'a.pt')


STATES = {
  'the weights alone': lambda state: state,
  'under state_dict': lambda state: {'state_dict': state, 'epoch': 3},
  'under model': lambda state: {'model': state},
  'under net': lambda state: {'net': state, 'acc': 0.9},
}


@pytest.mark.parametrize('wrap', STATES.values(), ids=STATES)
def test_arrays_that_are_parameters_are_read(tmp_path, wrap):
  layer = torch.nn.Linear(2, 3)
  torch.save(wrap(dict(layer.named_parameters())), tmp_path / 'a.pth')
  found = files.read(tmp_path / 'a.pth').arrays
  np.testing.assert_array_equal(found['weight'], layer.weight.detach())


def test_a_checkpoint_of_timm_is_read_with_its_settings_beside_it(tmp_path):
  content = {
    'epoch': 3,
    'arch': 'resnetaa50',
    'state_dict': {'module.weight': torch.ones(1)},
    'optimizer': {'state': {}, 'param_groups': [{'lr': 0.1}]},
    'args': argparse.Namespace(model='resnet50', mean=None, lr=0.1),
    'metric': np.float64(79.5),
  }
  torch.save(content, tmp_path / 'model_best.pth.tar')
  found = files.read(tmp_path / 'model_best.pth.tar')
  assert found.arrays.keys() == {'weight'}
  assert found.architecture == 'resnetaa50'
  assert found.notes == []


def test_settings_tell_the_architecture_where_nothing_else_does(tmp_path):
  content = {'model': {'a': torch.ones(1)}, 'args': argparse.Namespace(model='vgg11')}
  torch.save(content, tmp_path / 'model_3.pth')
  assert files.read(tmp_path / 'model_3.pth').architecture == 'vgg11'


@pytest.mark.parametrize(
  ('average', 'plain'), [('state_dict_ema', 'state_dict'), ('model_ema', 'model')]
)
def test_a_moving_average_is_taken_before_the_model_and_named(tmp_path, average, plain):
  content = {plain: {'a': torch.zeros(1)}, average: {'module.a': torch.ones(1)}}
  content[average]['n_averaged'] = torch.tensor(7)
  torch.save(content, tmp_path / 'a.pth')
  found = files.read(tmp_path / 'a.pth')
  assert found.arrays == {'a': 1}
  assert found.notes == [f'the moving average ({average}) was taken, not {plain}']


def test_a_checkpoint_without_its_moving_average_is_its_model(tmp_path):
  content = {'state_dict': {'a': torch.zeros(1)}, 'state_dict_ema': None}
  torch.save(content, tmp_path / 'a.pth')
  assert files.read(tmp_path / 'a.pth').notes == []
