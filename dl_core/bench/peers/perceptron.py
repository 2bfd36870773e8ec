"""The perceptron in PyTorch: a linear layer, the perceptron loss, SGD."""

import functools

import numpy as np
import torch
from torch import nn

from dl_core.bench.peers import Peer, Turn


def peer(config, spec) -> Peer:
  def mistakes(activation, y):
    margin = y * activation
    return torch.where(margin <= 0, -margin, 0)  # 0 is a mistake

  return one_neuron(config, spec, mistakes)


def one_neuron(config, spec, criterion) -> Peer:
  """Makes the peer of a single neuron; criterion: (activations, y) -> losses, [B]."""
  neuron = nn.Linear(spec.batch.x.shape[-1], 1)

  def loss(x, y):
    return criterion(neuron(x)[:, 0], y).mean()

  def tensors(batch):
    return torch.tensor(np.asarray(batch.x)), torch.tensor(np.asarray(batch.y))

  optimizer = functools.partial(torch.optim.SGD, lr=config.learning_rate)
  return Peer(neuron, tensors, (Turn(loss, list(neuron.parameters()), optimizer),))


def carried(params):
  yield np.asarray(params['neuron']['kernel']).T
  yield np.asarray(params['neuron']['bias'])
