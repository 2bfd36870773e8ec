"""GIN in PyTorch on batches of dense graphs; Adam.

Batch norm counts padded nodes here, which ours does not: plain norms of all rows are
the fastest. On graphs of N nodes, as the benchmark has, both compute the same.
"""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn


class Norm(nn.BatchNorm1d):
  def forward(self, x):
    return super().forward(x.reshape(-1, x.shape[-1])).reshape(x.shape)


class GIN(nn.Module):
  def __init__(self, config, features, classes):
    super().__init__()
    inputs = (features, *(config.hidden,) * (config.layers - 1))
    self.layers = nn.ModuleList(
      nn.Sequential(
        nn.Linear(width, config.hidden),
        Norm(config.hidden),
        nn.ReLU(),
        nn.Linear(config.hidden, config.hidden),
        Norm(config.hidden),
        nn.ReLU(),
      )
      for width in inputs
    )
    self.scores = nn.ModuleList(
      nn.Linear(width, classes) for width in (*inputs, config.hidden)
    )
    self.drop = nn.Dropout(config.dropout)

  def forward(self, x, edges, mask):
    found = self.drop(self.scores[0](x.sum(1)))
    for layer, score in zip(self.layers, list(self.scores)[1:], strict=True):
      x = layer(x + torch.bmm(edges, x)) * mask[..., None]
      found = found + self.drop(score(x.sum(1)))
    return found


def peer(config, spec) -> Peer:
  kind = (config.net, config.readout, config.jump, config.pool)
  if kind != ('gin', 'sum', 'sum', 'none'):
    raise ValueError(f'{kind=} has no peer; GIN with sums of every layer has one')
  module = GIN(config, spec.batch.x.nodes.shape[-1], len(spec.classes))

  def loss(x, edges, mask, y):
    return functional.cross_entropy(module(x, edges, mask), y)

  optimizer = functools.partial(torch.optim.Adam, lr=config.learning_rate)
  return Peer(module, tensors, (Turn(loss, [*module.parameters()], optimizer),))


def tensors(batch):
  x = (torch.tensor(np.asarray(leaf)) for leaf in batch.x)
  return (*x, torch.tensor(np.asarray(batch.y, np.int64)))


def carried(params):
  layers = [name for name in params if name.startswith('layer')]
  for number in range(1, len(layers) + 1):
    layer = params[f'layer_{number}']
    for part in ('1', '2'):
      yield np.asarray(layer[f'dense_{part}']['kernel']).T
      yield np.asarray(layer[f'dense_{part}']['bias'])
      yield np.asarray(layer[f'norm_{part}']['scale'])
      yield np.asarray(layer[f'norm_{part}']['bias'])
  for number in range(len(layers) + 1):
    yield np.asarray(params[f'score_{number}']['kernel']).T
    yield np.asarray(params[f'score_{number}']['bias'])
