"""Files of weights are read whole, or refused in a sentence."""

import argparse

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy

from dl_core.models.weights import files
from dl_core.types import UserError


def refusal(path):
  with pytest.raises(UserError) as caught:
    files.read(path)
  text = str(caught.value)
  assert str(path) in text
  assert '; ' in text
  assert '\n' not in text
  return text


@pytest.mark.parametrize(
  'kind', [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]
)
def test_numbers_of_any_width_are_read_as_float32(tmp_path, kind):
  path = tmp_path / 'a.safetensors'
  given = np.array([0.5, -2, 1024], kind)
  safetensors.numpy.save_file({'a': given, 'n': np.array(3)}, path)
  found = files.read(path).arrays
  assert found['a'].dtype == np.float32
  np.testing.assert_array_equal(found['a'], given.astype(np.float32))
  assert found['n'].dtype == np.int64


def test_what_is_written_is_read_whatever_its_strides(tmp_path):
  array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
  given = {'a': array.transpose(2, 0, 1), 'b': array[:, ::2], 'c': np.float32(3)[None]}
  files.write(tmp_path / 'a.safetensors', given)
  found = files.read(tmp_path / 'a.safetensors').arrays
  assert found.keys() == given.keys()
  for name, one in given.items():
    np.testing.assert_array_equal(found[name], one)
  assert [path.name for path in tmp_path.iterdir()] == ['a.safetensors']


@pytest.mark.parametrize(
  'wrapped',
  [
    '{}.weight',
    'module.{}.weight',
    '_orig_mod.{}.weight',
    '_orig_mod.module.{}.weight',
    '{}.module.weight',
  ],
)
def test_what_wrappers_add_to_names_is_dropped(tmp_path, wrapped):
  given = {wrapped.format(name): np.zeros(1) for name in ('a', 'b')}
  files.write(tmp_path / 'a.safetensors', given)
  assert files.read(tmp_path / 'a.safetensors').arrays.keys() == {
    'a.weight', 'b.weight'
  }  # fmt: skip


def test_wrapped_features_beside_a_plain_classifier_are_unwrapped(tmp_path):
  given = {'features.module.0.weight': np.zeros(1), 'classifier.1.bias': np.ones(1)}
  files.write(tmp_path / 'a.safetensors', given)
  found = files.read(tmp_path / 'a.safetensors').arrays
  assert found.keys() == {'features.0.weight', 'classifier.1.bias'}


def test_names_that_would_become_one_are_left_alone(tmp_path):
  given = {'module.a': np.zeros(1), 'a': np.ones(1)}
  files.write(tmp_path / 'a.safetensors', given)
  assert files.read(tmp_path / 'a.safetensors').arrays.keys() == given.keys()


def test_the_counter_of_an_averaged_model_is_dropped_with_its_wrapper(tmp_path):
  given = {'n_averaged': np.array(3), 'module.a': np.zeros(1)}
  files.write(tmp_path / 'a.safetensors', given)
  assert files.read(tmp_path / 'a.safetensors').arrays.keys() == {'a'}


@pytest.mark.parametrize(
  ('name', 'expected'),
  [
    ('resnetblur50-84f4748f.safetensors', 'resnetblur50-84f4748f'),
    ('resnetaa50.a1h_in1k/model.safetensors', 'resnetaa50.a1h_in1k'),
    (
      'models--timm--resnetaa50.a1h_in1k/snapshots/c0ffee12/model.safetensors',
      'resnetaa50.a1h_in1k',
    ),
    ('resnetblur50/epoch90.safetensors', 'resnetblur50'),
    ('weights/model.safetensors', ''),
    ('v2/best1.safetensors', ''),
  ],
)
def test_the_architecture_is_known_by_the_name_of_a_file_or_of_its_folder(
  tmp_path, name, expected
):
  path = tmp_path / name
  path.parent.mkdir(parents=True, exist_ok=True)
  safetensors.numpy.save_file({'a': np.zeros(1)}, path)
  assert files.read(path).architecture == expected


def test_a_config_beside_a_file_tells_the_architecture_first(tmp_path):
  path = tmp_path / 'resnet50.safetensors'
  safetensors.numpy.save_file({'a': np.zeros(1)}, path)
  config = tmp_path / 'config.json'
  config.write_text('{"architecture": "resnetblur50"}', encoding='utf-8')
  assert files.read(path).architecture == 'resnetblur50'
  for broken in ('{', '[]', '{"architecture": 3}'):
    config.write_text(broken, encoding='utf-8')
    assert files.read(path).architecture == 'resnet50'


def test_what_is_told_of_a_network_is_read_from_a_file_and_from_beside_it(tmp_path):
  path = tmp_path / 'resnet50.safetensors'
  files.write(path, {'a': np.zeros(1)}, {'plain': True, 'hidden_act': 'gelu'})
  (tmp_path / 'config.json').write_text(
    '{"hidden_act": "silu", "global_pool": "max", "model_args": {"output_stride": 8}}'
  )
  assert files.read(path).settings == {
    'plain': True,
    'hidden_act': 'gelu',
    'global_pool': 'max',
    'model_args': {'output_stride': 8},
    'output_stride': 8,
  }


def test_the_settings_of_a_training_run_are_read_with_its_checkpoint(tmp_path):
  torch = pytest.importorskip('torch')
  settings = argparse.Namespace(model='resnet50', gp='max', model_kwargs={'a': 3})
  state = {'state_dict': {'a': torch.zeros(1)}, 'args': settings}
  torch.save(state, tmp_path / 'best.pth')
  found = files.read(tmp_path / 'best.pth')
  assert found.architecture == 'resnet50'
  assert found.settings == vars(settings) | {'a': 3}


def test_a_file_that_will_not_do_is_refused_in_a_sentence(tmp_path):
  whole = tmp_path / 'whole.safetensors'
  files.write(whole, {'a': np.ones(9, np.float32)})
  cases = {
    'cut.safetensors': whole.read_bytes()[:-3],
    'none.safetensors': b'',
    'noise.safetensors': bytes(range(256)),
    'weights.h5': b'x',
  }
  for name, content in cases.items():
    (tmp_path / name).write_bytes(content)
  assert 'cannot be read as weights' in refusal(tmp_path / 'cut.safetensors')
  assert 'cannot be read as weights' in refusal(tmp_path / 'none.safetensors')
  assert 'cannot be read as weights' in refusal(tmp_path / 'noise.safetensors')
  assert 'ends in .safetensors, .pth' in refusal(tmp_path / 'weights.h5')
  assert 'there is no such file' in refusal(tmp_path / 'absent.pth')
  files.write(tmp_path / 'empty.safetensors', {})
  assert 'holds no arrays' in refusal(tmp_path / 'empty.safetensors')


def test_what_pytorch_cannot_hand_over_is_refused_in_a_sentence(tmp_path):
  torch = pytest.importorskip('torch')
  cases = {
    'numbered.pth': {0: torch.zeros(1)},
    'sparse.pth': {'a': torch.eye(3).to_sparse()},
    'module.pth': torch.nn.Linear(1, 1),
  }
  for name, content in cases.items():
    torch.save(content, tmp_path / name)
  (tmp_path / 'text.pth').write_text('weights')
  assert 'holds no arrays' in refusal(tmp_path / 'numbered.pth')
  for name in ('sparse.pth', 'module.pth', 'text.pth'):
    said = refusal(tmp_path / name)
    assert 'cannot be read as weights (' in said
    assert said.isprintable()


def test_a_name_that_is_no_file_of_weights_is_a_workdir(tmp_path):
  (tmp_path / 'run.pth').mkdir()
  (tmp_path / 'file').touch()
  assert files.named('/nowhere/resnet.th')
  assert files.named(str(tmp_path / 'file'))
  assert not files.named(str(tmp_path / 'run.pth'))
  assert not files.named('runs/lenet')
  assert files.place('/nowhere/resnet.th') == 'resnet.th'
  assert files.place('/nowhere/run') == 'WORKDIR'
  assert files.place('') == ''


def test_another_ending_is_not_written(tmp_path):
  with pytest.raises(UserError, match=r'ends in \.safetensors is wanted'):
    files.write(tmp_path / 'a.pth', {})
