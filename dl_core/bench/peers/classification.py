"""Linear classifiers in PyTorch, without polynomial features; SGD with momentum."""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn


def peer(config, spec) -> Peer:
  assert config.degree == 1, 'the peer knows no polynomials'
  classes, columns = len(spec.classes), spec.batch.x.shape[-1]
  two = classes == 2 and config.loss == 'softmax'
  linear = nn.Linear(columns, 1 if two else classes)

  def loss(x, y):
    g = linear(x)
    if two:
      return functional.binary_cross_entropy_with_logits(g[:, 0], y.float())
    if config.loss == 'softmax':
      return functional.cross_entropy(g, y)
    own = functional.one_hot(y, classes).float()
    sums = functional.binary_cross_entropy_with_logits(g, own, reduction='sum')
    return sums / len(y)

  optimizer = functools.partial(descent, lr=config.learning_rate, l2=config.l2)
  return Peer(linear, tensors, (Turn(loss, [*linear.parameters()], optimizer),))


def descent(parameters, lr, l2, fused):
  """Makes the optimizer, with a penalty on the weights and none on the bias."""
  weight, bias = parameters
  groups = [{'params': [weight], 'weight_decay': l2}, {'params': [bias]}]
  return torch.optim.SGD(groups, lr=lr, momentum=0.9, nesterov=True, fused=fused)


def tensors(batch):
  return torch.tensor(np.asarray(batch.x)), torch.tensor(np.asarray(batch.y, np.int64))


def carried(params):
  yield np.asarray(params['linear']['kernel']).T
  yield np.asarray(params['linear']['bias'])
