"""The character-level language model in PyTorch: nn.LSTM, nn.GRU or nn.RNN; Adam.

PyTorch adds two biases where one is ours: the second rests at zero, all but the part of
a GRU's candidate, which we have too.
"""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn, Writer

CELLS = {
  'lstm': nn.LSTM,
  'gru': nn.GRU,
  'rnn': nn.RNN,
  'rnn_relu': functools.partial(nn.RNN, nonlinearity='relu'),
}


class CharLM(nn.Module):
  def __init__(self, vocabulary, cell, layers, hidden, dropout):
    super().__init__()
    between = dropout if layers > 1 else 0.0
    self.recurrent = CELLS[cell](
      vocabulary, hidden, layers, batch_first=True, dropout=between
    )
    self.drop = nn.Dropout(dropout)
    self.output = nn.Linear(hidden, vocabulary)
    self.register_buffer('one_hot', torch.eye(vocabulary))
    settle(self.recurrent, cell)

  def forward(self, x):
    h, _ = self.recurrent(self.one_hot[x])
    return self.output(self.drop(h))


def settle(recurrent, cell):
  """Sets the second biases to zero; only the one of a GRU's candidate is trained."""
  for name, bias in recurrent.named_parameters():
    if name.startswith('bias_hh'):
      nn.init.zeros_(bias)
      if cell == 'gru':
        bias.register_hook(candidate)


def moved(module, cell):
  """Returns the parameters that are trained: no second biases but a GRU's."""
  return [
    parameter
    for name, parameter in module.named_parameters()
    if 'bias_hh' not in name or cell == 'gru'
  ]


def candidate(gradient):
  """Drops what is not of a GRU's candidate from the second bias's gradient."""
  width = len(gradient) // 3
  return functional.pad(gradient[2 * width :], (2 * width, 0))


def peer(config, spec) -> Peer:
  module = CharLM(
    spec.limits.x, config.cell, config.layers, config.hidden, config.dropout
  )

  def loss(x, y):
    return functional.cross_entropy(module(x).flatten(0, 1), y.flatten())

  moves = moved(module, config.cell)
  optimizer = functools.partial(torch.optim.Adam, lr=config.learning_rate)
  turn = Turn(loss, moves, optimizer, clip=1.0, average=config.average)
  return Peer(module, tensors, (turn,))


def writer(config, spec) -> Writer:
  module = CharLM(
    spec.limits.x, config.cell, config.layers, config.hidden, config.dropout
  )

  def advance(state, tokens):
    h, state = module.recurrent(module.one_hot[tokens][:, None], state)
    return state, module.output(h[:, 0])

  return Writer(
    module,
    lambda x: (torch.tensor(np.asarray(x, np.int64)),),
    lambda x: None,
    advance,
    config.length,
    draws=True,
  )


def tensors(batch):
  return tuple(torch.tensor(np.asarray(a, np.int64)) for a in (batch.x, batch.y))


def carried(params):
  layers = [params[f'recurrent_{n}'] for n in range(len(params) - 1)]
  for layer in layers:
    yield from recurrent(layer)
  yield np.asarray(params['output']['kernel']).T
  yield np.asarray(params['output']['bias'])


def recurrent(layer):
  """Lays out one recurrent layer."""
  yield np.asarray(layer['input_kernel']).T
  yield np.asarray(layer['recurrent_kernel']).T
  yield (bias := np.asarray(layer['bias']))
  again = np.asarray(layer.get('recurrent_bias', ()), bias.dtype)
  yield np.pad(again, (len(bias) - len(again), 0))
