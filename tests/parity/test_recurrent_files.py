"""A file of PyTorch's recurrent layers is a model here, and goes back as it was."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import launch, trees
from dl_core.launch import predict
from dl_core.models import char_lm
from dl_core.models.weights import exchange, files
from dl_core.models.weights import recurrent as names
from dl_core.types import UserError
from experiments import char_lm as experiment
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)

CELLS = {'lstm': 'LSTM', 'gru': 'GRU', 'rnn': 'RNN'}
VOCABULARY, HIDDEN, LAYERS = 11, 6, 3


class Twin(torch.nn.Module):
  def __init__(self, cell, vocabulary, hidden, layers):
    super().__init__()
    self.rnn = getattr(torch.nn, CELLS[cell])(
      vocabulary, hidden, layers, batch_first=True
    )
    self.output = torch.nn.Linear(hidden, vocabulary)

  def forward(self, x):
    one_hot = torch.nn.functional.one_hot(x, self.rnn.input_size).float()
    return self.output(self.rnn(one_hot)[0])


def twin(cell, vocabulary=VOCABULARY, hidden=HIDDEN, layers=LAYERS):
  torch.manual_seed(0)
  return Twin(cell, vocabulary, hidden, layers)


def saved(module, path):
  arrays = {name: one.detach().numpy() for name, one in module.state_dict().items()}
  files.write(path, arrays)
  return arrays


def logits(module, x):
  with torch.no_grad():
    return module(torch.tensor(np.asarray(x), dtype=torch.long))


@pytest.mark.parametrize('cell', CELLS)
def test_weights_of_pytorch_say_the_same_here_and_go_back(tmp_path, cell):
  module = twin(cell)
  arrays = saved(module, tmp_path / 'a.safetensors')
  model = char_lm.CharLM(VOCABULARY, cell, LAYERS, HIDDEN)
  x = jax.random.randint(jax.random.key(0), (4, 9), 0, VOCABULARY)
  empty = model.init(jax.random.key(1), x, train=False)
  like = trees.flatten(empty)
  taken = exchange.load(tmp_path / 'a.safetensors', names.names(model), like)
  assert taken.notes == []
  variables = trees.unflatten(empty, taken.leaves)
  expected = logits(module, x)
  agree.assert_close(model.apply(variables, x, train=False), expected)

  exported = exchange.given(variables, names.names(model))
  assert exported.keys() == arrays.keys()
  for name, array in arrays.items():
    assert exported[name].shape == array.shape
    if 'bias_' not in name:
      np.testing.assert_array_equal(exported[name], array)
  again = twin(cell)
  state = {name: torch.tensor(array) for name, array in exported.items()}
  again.load_state_dict(state)
  agree.assert_close(logits(again, x), expected)


def test_a_file_of_pytorch_is_an_initial_model_and_an_export_is_one_of_pytorch(
  tmp_path, capsys
):
  text = tmp_path / 'a.txt'
  text.write_text('abracadabra, said the fox. ' * 400, encoding='utf-8')
  words = [
    'x', '--dataset=text', f'--data_dir={text}', '--cell=gru', '--hidden=8',
    '--window=8', '--batch_size=8', '--length=8', '--steps=0',
  ]  # fmt: skip
  vocabulary = len(set(text.read_text()))
  module = twin('gru', vocabulary, 8, 2)
  file, out = tmp_path / 'a.safetensors', tmp_path / 'b.safetensors'
  saved(module, file)
  run = [*words, f'--init_from={file}', f'--workdir={tmp_path / "run"}']
  assert launch.run(experiment, 'char_lm', run) == 0
  assert f'parameters of {file}\n' in capsys.readouterr().out
  assert launch.run(experiment, 'char_lm', [*run, f'--export={out}']) == 0
  exported = files.read(out).arrays
  again = twin('gru', vocabulary, 8, 2)
  again.load_state_dict({name: torch.tensor(each) for name, each in exported.items()})
  x = jnp.arange(12).reshape(2, 6) % vocabulary
  agree.assert_close(logits(again, x), logits(module, x))
  c = experiment.Config(workdir=str(tmp_path / 'run'))
  trained = predict.trained(experiment, 'char_lm', c)
  ours = trained.experiment.task.outputs(trained.variables(lambda text: None), x)
  agree.assert_close(ours, logits(module, x))


@pytest.mark.parametrize(
  ('change', 'told'),
  [
    ({'cell': 'lstm'}, r'rnn\.weight_ih_l0 \(32x11, 24x11 is wanted\)'),
    ({'layers': 3}, r'no place for: rnn\.bias_hh_l2, '),
    ({'layers': 1}, r'lacks rnn\.'),
    ({'hidden': 7}, r'output\.weight \(11x7, 11x8 is wanted\), rnn\.bias_ih_l0 \(21, '),
  ],
)
def test_a_file_of_another_network_is_refused_by_its_names(tmp_path, change, told):
  settings = {'cell': 'gru', 'hidden': 8, 'layers': 2} | change
  saved(twin(**settings), tmp_path / 'a.safetensors')
  model = char_lm.CharLM(VOCABULARY, 'gru', 2, 8)
  x = jnp.zeros((1, 2), int)
  like = trees.flatten(model.init(jax.random.key(1), x, train=False))
  with pytest.raises(UserError, match=told):
    exchange.load(tmp_path / 'a.safetensors', names.names(model), like)
