"""LeNet-5 in PyTorch, as taught today and as of 1998; AdamW."""

import functools
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn, images
from dl_core.models.lenet import CODES, CONNECTED

# Table I of the paper, read by columns: what each map of C3 reads.
READS = (
  *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
  *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
  *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
  (0, 1, 2, 3, 4, 5),
)


def peer(config, spec) -> Peer:
  colours, classes = spec.batch.x.shape[-1], len(spec.classes)
  if config.variant == 'modern':
    module = modern(colours, config.channels, classes)
  else:
    module = of_1998(colours)
  criterion = CRITERIA[config.variant]
  optimizer = functools.partial(
    torch.optim.AdamW, lr=config.learning_rate, weight_decay=config.weight_decay
  )
  turn = Turn(lambda x, y: criterion(module(x), y), [*module.parameters()], optimizer)
  return Peer(module, images.tensors, (turn,))


def modern(colours: int, channels: int, classes: int) -> nn.Module:
  maps = 16 * channels // 6
  return nn.Sequential(
    *(nn.Conv2d(colours, channels, 5), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(channels, maps, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
    *(nn.Linear(25 * maps, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU()),
    nn.Linear(84, classes),
  )


def of_1998(colours: int) -> nn.Module:
  return nn.Sequential(
    *(nn.Conv2d(colours, 6, 5), Squash(), Subsampling(6), Squash()),
    *(PartialConvolution(), Squash(), Subsampling(16), Squash(), nn.Flatten()),
    *(nn.Linear(400, 120), Squash(), nn.Linear(120, 84), Squash(), Penalties()),
  )


class Squash(nn.Module):
  def forward(self, x):
    return 1.7159 * torch.tanh(x * 2 / 3)


class Subsampling(nn.Module):
  def __init__(self, maps):
    super().__init__()
    self.coefficient = nn.Parameter(torch.ones(maps))
    self.bias = nn.Parameter(torch.zeros(maps))

  def forward(self, x):
    total = 4 * functional.avg_pool2d(x, 2)
    return total * self.coefficient[:, None, None] + self.bias[:, None, None]


class PartialConvolution(nn.Conv2d):
  """One dense convolution, masked: quicker than one for each of the 16 maps."""

  def __init__(self):
    super().__init__(6, len(READS), 5)
    mask = torch.zeros(len(READS), 6, 1, 1)
    for target, reads in enumerate(READS):
      mask[target, list(reads)] = 1
    self.register_buffer('mask', mask)

  def forward(self, x):
    return functional.conv2d(x, self.weight * self.mask, self.bias)


class Penalties(nn.Module):
  def __init__(self):
    super().__init__()
    self.register_buffer('codes', torch.tensor(CODES, dtype=torch.float32))

  def forward(self, x):
    return -((x[:, None] - self.codes) ** 2).sum(dim=-1)


def map_criterion(logits, labels):
  right = logits.gather(1, labels[:, None])[:, 0]
  return (torch.log(math.exp(-10) + torch.exp(logits).sum(dim=1)) - right).mean()


CRITERIA = {'modern': functional.cross_entropy, '1998': map_criterion}


def carried(params):
  for name in ('C1', 'S2', 'C3', 'S4', 'C5', 'F6', 'output'):
    for key in ('coefficient', 'kernel', 'bias'):
      if key in params.get(name, {}):
        yield laid(name, key, np.asarray(params[name][key]))


def laid(name, key, leaf):
  """Lays one parameter out."""
  if key != 'kernel':
    return leaf.ravel()
  if name == 'C5':  # PyTorch flattens channel by channel, we place by place
    return leaf.reshape(25, -1, 120).transpose(2, 1, 0).reshape(120, -1)
  if name == 'C3' and leaf.ndim == 3:  # 1998: a kernel for each connection
    dense = np.zeros((5, 5, *CONNECTED.shape), leaf.dtype)
    dense[:, :, CONNECTED] = leaf
    leaf = dense
  return leaf.T if leaf.ndim == 2 else leaf.transpose(3, 2, 0, 1)
