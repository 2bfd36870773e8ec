"""Training and array layouts that the peers for image classification share."""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn
from dl_core.models.weights import layouts

SHARE = 0.3  # of the losses of auxiliary classifiers
GATED = 16  # channels for each unit of a gate


def classifier(module, config) -> Peer:
  """Makes the peer of a network; its settings are of `launch.families.photographs`."""
  criterion = functools.partial(
    functional.cross_entropy, label_smoothing=config.smoothing
  )

  def loss(x, y):
    said = module(x)
    first, *others = said if isinstance(said, tuple) else (said,)
    return criterion(first, y) + SHARE * sum(criterion(each, y) for each in others)

  return descending(module, loss, config, config.average or None)


def descending(module, loss, config, average=None) -> Peer:
  """Makes a peer that momentum moves, with decay of all parameters."""
  optimizer = functools.partial(
    torch.optim.SGD, lr=config.learning_rate, momentum=0.9, weight_decay=config.decay
  )
  turn = Turn(loss, [*module.parameters()], optimizer, average=average)
  return Peer(module, tensors, (turn,))


def tensors(batch):
  images = np.asarray(batch.x).transpose(0, 3, 1, 2).copy()
  return torch.tensor(images), torch.tensor(np.asarray(batch.y, np.int64))


def response_norm() -> nn.Module:
  """Divides by (2 + 1e-4 Σ a²)^0.75; PyTorch divides alpha by the five channels."""
  return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)


class Gate(nn.Module):
  """Squeeze and excitation, by timm's names."""

  def __init__(self, channels, reduction=GATED):
    super().__init__()
    units = max(1, channels // reduction)
    self.fc1, self.fc2 = nn.Conv2d(channels, units, 1), nn.Conv2d(units, channels, 1)

  def forward(self, x):
    hidden = functional.relu(self.fc1(x.mean((2, 3), keepdim=True)))
    return x * torch.sigmoid(self.fc2(hidden))


def laid(params, *names, sides=layouts.POINT, pointwise=False):
  """Lays out the layers of these names, as far as there are any, in this order."""
  for name in names:
    layer = params.get(name, {})
    for key in ('kernel', 'scale', 'bias'):
      if key in layer:
        yield layouts.theirs(np.asarray(layer[key]), sides, pointwise)


def gate(params, name):
  """Lays out a gate, if there is one of this name."""
  return laid(params.get(name, {}), 'reduce', 'expand', pointwise=True)
