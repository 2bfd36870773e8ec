"""A character model is exported under PyTorch's names and read back as it was."""

import pytest

from dl_core import launch
from dl_core.models.weights import files
from dl_core.train import log
from experiments import char_lm


@pytest.fixture
def run(tmp_path):
  """Gives the command of a tiny run in a folder of a name; returns the exit code."""
  text = tmp_path / 'a.txt'
  text.write_text('abracadabra, said the fox. ' * 400, encoding='utf-8')

  def call(name, *words):
    given = [
      'x', '--dataset=text', f'--data_dir={text}', '--hidden=8', '--window=8',
      '--batch_size=8', '--length=8', f'--workdir={tmp_path / name}', *words,
    ]  # fmt: skip
    return launch.run(char_lm, 'char_lm', given)

  return call


@pytest.mark.parametrize('cell', ['lstm', 'gru', 'rnn'])
def test_what_is_exported_and_read_again_is_the_same_model(run, tmp_path, cell, capsys):
  file, kind = tmp_path / 'a.safetensors', f'--cell={cell}'
  assert run('first', kind, '--steps=3') == 0
  assert run('first', kind, '--steps=3', f'--export={file}') == 0
  assert f'{file}: 10 arrays, named as by PyTorch' in capsys.readouterr().out
  arrays = files.read(file).arrays
  layer = [f'{kind}_{part}_l' for kind in ('weight', 'bias') for part in ('ih', 'hh')]
  names = {f'rnn.{name}{n}' for name in layer for n in (0, 1)}
  assert arrays.keys() == {*names, 'output.weight', 'output.bias'}
  assert (abs(arrays['rnn.bias_hh_l0']).max() > 0) == (cell == 'gru')
  again = (kind, '--steps=0', f'--init_from={file}')
  assert run('again', *again) == 0
  assert f'parameters of {file}\n' in capsys.readouterr().out
  a, b = (
    log.read(tmp_path / name / 'metrics.jsonl')[-1] for name in ('first', 'again')
  )
  assert a['split'] == b['split'] == 'test'
  assert a['nats'] == pytest.approx(b['nats'], rel=1e-6)
  assert run('other', '--cell=lstm', '--hidden=9', again[-1]) == 2
  said = capsys.readouterr().err
  assert 'has other shapes: ' in said
  assert 'rnn.' in said
