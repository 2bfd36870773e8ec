"""The multi-layer perceptron in PyTorch; Adam or SGD, without weight penalties."""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn

ACTIVATIONS = {'relu': nn.ReLU, 'tanh': nn.Tanh, 'sigmoid': nn.Sigmoid}
OPTIMIZERS = {
  'adam': torch.optim.Adam,
  'sgd': torch.optim.SGD,
  'momentum': functools.partial(torch.optim.SGD, momentum=0.9),
  'nesterov': functools.partial(torch.optim.SGD, momentum=0.9, nesterov=True),
}


def peer(config, spec) -> Peer:
  inputs = int(np.prod(spec.batch.x.shape[1:]))
  layers = [nn.Flatten(), nn.Dropout(config.dropout_input)]
  for width in config.hidden:
    layers.append(nn.Linear(inputs, width, bias=not config.batch_norm))
    if config.batch_norm:
      layers.append(nn.BatchNorm1d(width))
    layers += [ACTIVATIONS[config.activation](), nn.Dropout(config.dropout)]
    inputs = width
  module = nn.Sequential(*layers, nn.Linear(inputs, len(spec.classes)))

  def loss(x, y):
    return functional.cross_entropy(module(x), y)

  optimizer = functools.partial(OPTIMIZERS[config.optimizer], lr=config.learning_rate)
  return Peer(module, tensors, (Turn(loss, [*module.parameters()], optimizer),))


def tensors(batch):
  return torch.tensor(np.asarray(batch.x)), torch.tensor(np.asarray(batch.y, np.int64))


def carried(params):
  for n in range(1, len(params)):
    for name in (f'hidden_{n}', f'norm_{n}'):
      yield from laid(params.get(name, {}))
  yield from laid(params['output'])


def laid(layer):
  """Lays out one layer."""
  for key in ('kernel', 'scale', 'bias'):
    if key in layer:
      yield np.asarray(layer[key]).T
