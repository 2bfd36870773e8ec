"""The GCN in PyTorch, on the entries of its matrices; Adam, with L2 of the first layer.

A product gathers rows, weighs them and adds them up by `index_add`, as torch_geometric
does. With its gradient, 16 columns and the entries of Cora's Â that took 1.6 ms of one
core; PyTorch's sparse matrices 1.3 (COO) and 1.7 (CSR), the dense Â 14.
"""

import functools
import itertools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core import graphs
from dl_core.bench.peers import Peer, Turn


def product(row, column, value, right, rows):
  """Multiplies a matrix, by its entries, by a dense one [M, F]: [rows, F]."""
  found = right.new_zeros(rows, right.shape[1])
  return found.index_add(0, row, value[:, None] * right[column])


class GCN(nn.Module):
  def __init__(self, config, inputs, classes):
    super().__init__()
    hidden = (config.hidden or 16,) * (config.depth - 1)
    widths = (inputs, *hidden, classes)
    self.kernels = nn.ParameterList(
      nn.Parameter(nn.init.xavier_uniform_(torch.empty(above, below)))
      for above, below in itertools.pairwise(widths)
    )
    self.drop = nn.Dropout(config.dropout)

  def forward(self, row, column, value, to, of, weight, n: int):
    x = product(row, column, self.drop(value), self.kernels[0], n)
    x = product(to, of, weight, x, n)
    for kernel in list(self.kernels)[1:]:
      x = product(to, of, weight, self.drop(functional.relu(x)) @ kernel, n)
    return x


def peer(config, spec) -> Peer:
  x = spec.batch.x
  if config.net != 'gcn' or not isinstance(x.nodes, graphs.Entries):
    raise ValueError(f'{config.net=} has no peer; the GCN on a sparse graph has one')
  n = x.mask.shape[1]
  module = GCN(config, spec.limits.x.nodes.column, len(spec.classes))

  def loss(*parts):
    *entries, y = parts
    penalty = config.l2 / 2 * (module.kernels[0] ** 2).sum()
    return functional.cross_entropy(module(*entries, n), y) + penalty

  optimizer = functools.partial(torch.optim.Adam, lr=config.learning_rate)
  return Peer(module, tensors, (Turn(loss, [*module.parameters()], optimizer),))


def tensors(batch):
  whole = lambda leaf: torch.tensor(np.asarray(leaf[0], np.int64))
  parts = []
  for row, column, value in batch.x[:2]:
    parts += [whole(row), whole(column), torch.tensor(np.asarray(value[0]))]
  return (*parts, whole(batch.y))


def carried(params):
  for number in range(1, len(params) + 1):
    yield np.asarray(params[f'convolution_{number}']['kernel'])
