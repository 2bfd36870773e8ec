"""The perceptron in PyTorch: a linear layer, the perceptron loss, SGD."""

import functools

import numpy as np
import torch
from torch import nn

from dl_core.peers import Peer, Turn


def peer(config, spec) -> Peer:
  neuron = nn.Linear(spec.batch.x.shape[-1], 1)

  def loss(x, y):
    margin = y * neuron(x)[:, 0]
    return torch.where(margin <= 0, -margin, 0).mean()  # 0 is a mistake

  def tensors(batch):
    return torch.tensor(np.asarray(batch.x)), torch.tensor(np.asarray(batch.y))

  optimizer = functools.partial(torch.optim.SGD, lr=config.learning_rate)
  return Peer(neuron, tensors, (Turn(loss, list(neuron.parameters()), optimizer),))


def carried(params):
  yield np.asarray(params['neuron']['kernel']).T
  yield np.asarray(params['neuron']['bias'])
