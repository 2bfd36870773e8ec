"""The autoencoder in PyTorch: linear layers with ReLU between them, Adam."""

import functools
import itertools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn, mlp

LOSSES = {
  'cross_entropy': functional.binary_cross_entropy_with_logits,
  'squared_error': functional.mse_loss,
}


def peer(config, spec) -> Peer:
  pixels = int(np.prod(spec.batch.x.shape[1:]))
  sides = (pixels, *config.hidden, config.code)
  module = nn.Sequential(perceptron(sides), perceptron(sides[::-1]))
  criterion = LOSSES[config.loss]

  def loss(x, y):
    if config.drop:
      x = blackened(x, config.drop)
    return criterion(module(x), y, reduction='sum') / len(x)

  optimizer = functools.partial(torch.optim.Adam, lr=config.learning_rate)
  return Peer(module, tensors, (Turn(loss, [*module.parameters()], optimizer),))


def perceptron(sides) -> nn.Sequential:
  """Makes linear layers from each width to the next, with ReLU between layers."""
  layers = [nn.Linear(*pair) for pair in itertools.pairwise(sides)]
  rest = ((nn.ReLU(), layer) for layer in layers[1:])
  return nn.Sequential(layers[0], *itertools.chain(*rest))


def blackened(x, share):
  """Sets a random share of the pixels to 0."""
  return torch.where(torch.rand_like(x) < share, 0, x)


def tensors(batch):
  """Flattens x and y, [B, H, W, C] each, to [B, H·W·C]."""
  return tuple(torch.tensor(np.asarray(a)).flatten(1) for a in (batch.x, batch.y))


def carried(params):
  yield from of_encoder(params['encoder'])
  yield from of_decoder(params['decoder'])


def of_encoder(params):
  yield from of_hidden(params)
  yield from mlp.laid(params['code'])


def of_decoder(params):
  yield from of_hidden(params)
  yield from mlp.laid(params['pixels'])


def of_hidden(params):
  """Lays out all layers but the last of an encoder or a decoder."""
  for number in range(1, len(params)):
    yield from mlp.laid(params[f'hidden_{number}'])
