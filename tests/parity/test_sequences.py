"""Stacked, bidirectional and padded recurrent layers agree with PyTorch's.

Three cells, one and two layers, one and both directions, sequences of all lengths.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import trees
from dl_core.layers import sequences
from dl_core.models.weights import exchange, files, recurrent
from dl_core.types import Names
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)

WIDTH, HIDDEN, STEPS = 12, 16, 9
LENGTHS = np.array([9, 1, 4, 7, 9, 2])
TWINS = {'lstm': torch.nn.LSTM, 'gru': torch.nn.GRU, 'rnn': torch.nn.RNN}


def stack(cell, layers, both, **how):
  layer = functools.partial(sequences.CELLS[cell], HIDDEN, **how)
  return sequences.Stacked(layer, layers, bidirectional=both)


def twin(cell, layers, both, **how):
  torch.manual_seed(0)
  return TWINS[cell](WIDTH, HIDDEN, layers, batch_first=True, bidirectional=both, **how)


def table(cell, both):
  rows = recurrent.rows(cell, there='rnn', bidirectional=both)
  return Names({'PyTorch': rows})


def draw(seed, *shape):
  return jax.random.normal(jax.random.key(seed), shape)


def taken(module, layer, names, path):
  """Returns the variables of a layer that an exported module of PyTorch gives."""
  arrays = {f'rnn.{n}': one.detach().numpy() for n, one in module.named_parameters()}
  files.write(path, arrays)
  empty = layer.init(jax.random.key(1), draw(0, 1, 2, WIDTH))
  found = exchange.load(path, names, trees.flatten(empty))
  assert found.notes == []
  return trees.unflatten(empty, found.leaves)


def compare(layer, module, names, path):
  """Compares values and gradients; the file of a module is the layer's weights."""
  variables = taken(module, layer, names, path)
  many = len(LENGTHS)
  x, pull = (
    draw(2, many, STEPS, WIDTH),
    draw(3, many, STEPS, module.hidden_size * (1 + module.bidirectional)),
  )

  def total(variables, x):
    state, h = layer.apply(variables, x, lengths=jnp.array(LENGTHS))
    ends = sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(state))
    return jnp.sum(pull * h) + ends, (state, h)

  graded = jax.jit(jax.value_and_grad(total, (0, 1), has_aux=True))
  (_, (state, h)), (d_variables, d_x) = graded(variables, x)

  theirs_x = torch.tensor(np.asarray(x), requires_grad=True)
  packed = torch.nn.utils.rnn.pack_padded_sequence(
    theirs_x, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False
  )
  said, ends = module(packed)
  said, _ = torch.nn.utils.rnn.pad_packed_sequence(said, batch_first=True)
  ends = ends if module.mode == 'LSTM' else (ends,)  # h, c
  squares = sum((end**2).sum() for end in ends)
  ((torch.tensor(np.asarray(pull)) * said).sum() + squares).backward()

  agree.assert_close(h, said.detach())
  agree.assert_close(d_x, theirs_x.grad)
  per = len(ends)
  leaves = jax.tree.leaves(state)  # layer by layer, forward first, c before h
  for number, end in enumerate(ends):
    mine = jnp.stack(leaves[per - 1 - number :: per])
    agree.assert_close(mine, end.detach())
  gradients = exchange.given(d_variables, names)
  for name, parameter in module.named_parameters():
    ours, theirs = gradients[f'rnn.{name}'], parameter.grad.numpy()
    if 'bias_hh' in name:  # there a second bias has the gradient of the first, too
      ours = np.where(ours == 0, 0, ours)
      theirs = np.where(ours == 0, 0, theirs)
    agree.assert_close(ours, theirs, least=1e-3)


@pytest.mark.parametrize('both', [False, True], ids=['one way', 'both ways'])
@pytest.mark.parametrize('layers', [1, 2])
@pytest.mark.parametrize('cell', TWINS)
def test_values_and_gradients_agree_at_all_lengths(tmp_path, cell, layers, both):
  module = twin(cell, layers, both)
  layer, names = stack(cell, layers, both), table(cell, both)
  compare(layer, module, names, tmp_path / 'a.safetensors')


def test_an_rnn_of_relus_agrees(tmp_path):
  module = twin('rnn', 2, True, nonlinearity='relu')
  layer = stack('rnn', 2, True, activation='relu')
  compare(layer, module, table('rnn', True), tmp_path / 'a.safetensors')


@pytest.mark.parametrize('cell', TWINS)
def test_what_is_exported_says_the_same_there(tmp_path, cell):
  layer, names = stack(cell, 2, True), table(cell, True)
  variables = taken(twin(cell, 2, True), layer, names, tmp_path / 'a.safetensors')
  again = twin(cell, 2, True)
  arrays = exchange.given(variables, names)
  again.load_state_dict(
    {name.removeprefix('rnn.'): torch.tensor(one) for name, one in arrays.items()}
  )
  x = draw(5, 3, STEPS, WIDTH)
  with torch.no_grad():
    expected, _ = again(torch.tensor(np.asarray(x)))
  agree.assert_close(layer.apply(variables, x)[1], expected)
