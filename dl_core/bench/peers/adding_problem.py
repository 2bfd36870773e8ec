"""The adding problem in PyTorch: nn.LSTM, nn.GRU or nn.RNN and a linear layer; Adam.

PyTorch's second biases rest at zero; see `char_lm`.
"""

import functools

import numpy as np
import torch
from torch import nn

from dl_core.bench.peers import Peer, Turn, char_lm


class Regressor(nn.Module):
  def __init__(self, cell, layers, hidden):
    super().__init__()
    self.recurrent = char_lm.CELLS[cell](2, hidden, layers, batch_first=True)
    self.output = nn.Linear(hidden, 1)
    char_lm.settle(self.recurrent, cell)

  def forward(self, x):
    h, _ = self.recurrent(x)
    return self.output(h[:, -1])[:, 0]


def peer(config, spec) -> Peer:
  del spec
  module = Regressor(config.cell, config.layers, config.hidden)

  def loss(x, y):
    return 0.5 * ((module(x) - y) ** 2).mean()

  moves = char_lm.moved(module, config.cell)
  optimizer = functools.partial(torch.optim.Adam, lr=config.learning_rate)
  return Peer(module, tensors, (Turn(loss, moves, optimizer, clip=1.0),))


def tensors(batch):
  return tuple(torch.tensor(np.asarray(a)) for a in (batch.x, batch.y))


def carried(params):
  for layer in params['stack'].values():
    yield from char_lm.recurrent(layer)
  yield np.asarray(params['output']['kernel']).T
  yield np.asarray(params['output']['bias'])
