"""GoogLeNet of any width in PyTorch, with torchvision's names; SGD with momentum."""

import functools

import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, images
from dl_core.launch.families import photographs
from dl_core.models import googlenet


def peer(config, spec) -> Peer:
  module = GoogLeNet(
    len(spec.classes),
    config.variant,
    config.aux,
    photographs.width(config, spec),
    config.dropout,
    config.se,
  )
  return images.classifier(module, config)


class Unit(nn.Module):
  def __init__(self, inputs, outputs, size=1, stride=1, norm=True):
    super().__init__()
    pad = (size - 1) // 2
    self.conv = nn.Conv2d(inputs, outputs, size, stride, pad, bias=not norm)
    self.bn = nn.BatchNorm2d(outputs, eps=1e-3) if norm else nn.Identity()

  def forward(self, x):
    return functional.relu(self.bn(self.conv(x)))


class Inception(nn.Module):
  def __init__(self, inputs, widths, largest, norm):
    super().__init__()
    one, before_three, three, before_five, five, pooled = widths

    unit = functools.partial(Unit, norm=norm)
    self.branch1 = unit(inputs, one)
    self.branch2 = nn.Sequential(
      unit(inputs, before_three), unit(before_three, three, 3)
    )
    self.branch3 = nn.Sequential(
      unit(inputs, before_five), unit(before_five, five, largest)
    )
    self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), unit(inputs, pooled))
    self.outputs = one + three + five + pooled

  def forward(self, x):
    branches = (self.branch1, self.branch2, self.branch3, self.branch4)
    return torch.cat([branch(x) for branch in branches], dim=1)


class Auxiliary(nn.Module):
  def __init__(self, inputs, reduced, dense, classes, norm):
    super().__init__()
    self.conv = Unit(inputs, reduced, norm=norm)
    self.fc1, self.drop = nn.Linear(16 * reduced, dense), nn.Dropout(0.7)
    self.fc2 = nn.Linear(dense, classes)

  def forward(self, x):
    x = self.conv(functional.adaptive_avg_pool2d(x, 4)).flatten(1)
    return self.fc2(self.drop(functional.relu(self.fc1(x))))


class GoogLeNet(nn.Module):
  def __init__(self, classes, variant, aux=False, width=1.0, dropout=0.4, se=False):
    super().__init__()
    norm, exact = variant != 'paper', variant != 'torchvision'
    times = lambda number: max(1, round(number * width))
    first, inputs = times(64), times(192)
    self.conv1 = Unit(3, first, 7, 2, norm)
    self.conv2 = Unit(first, first, norm=norm)
    self.conv3 = Unit(first, inputs, 3, norm=norm)
    self.norm = nn.Identity() if norm else images.response_norm()
    self.last = 3 if exact else 2  # window of the last pooling
    self.names = list(googlenet.MODULES)
    for name, widths in googlenet.MODULES.items():
      own = map(times, widths)
      module = Inception(inputs, own, 5 if exact else 3, norm)
      self.add_module(f'inception{name}', module)
      inputs = module.outputs
      if se:
        self.add_module(f'gate{name}', images.Gate(inputs))
      if aux and name in googlenet.AUXILIARY:
        judge = Auxiliary(inputs, times(128), times(1_024), classes, norm)
        self.add_module(f'aux{googlenet.AUXILIARY.index(name) + 1}', judge)
    self.drop, self.fc = nn.Dropout(dropout), nn.Linear(inputs, classes)

  def forward(self, x):
    """Maps images to logits; in training, those of auxiliary classifiers follow."""
    pool = lambda x, size: functional.max_pool2d(x, size, 2, ceil_mode=True)
    judges = {
      name: getattr(self, f'aux{n}', None)
      for n, name in enumerate(googlenet.AUXILIARY, start=1)
    }
    x = self.norm(pool(self.conv1(x), 3))
    x = pool(self.norm(self.conv3(self.conv2(x))), 3)
    others = []
    for name in self.names:
      if name in ('4a', '5a'):
        x = pool(x, 3 if name == '4a' else self.last)
      x = getattr(self, f'inception{name}')(x)
      if (gate := getattr(self, f'gate{name}', None)) is not None:
        x = gate(x)
      if self.training and (judge := judges.get(name)) is not None:
        others.append(judge(x))
    logits = self.fc(self.drop(x.mean((2, 3))))
    return (logits, *others) if others else logits


def carried(params):
  for name in ('convolution_1', 'before_convolution_2', 'convolution_2'):
    yield from unit(params[name])
  for name in googlenet.MODULES:
    for branch in ('one', 'before_three', 'three', 'before_five', 'five', 'pooled'):
      yield from unit(params[f'inception_{name}'][branch])
    yield from images.gate(params, f'gate_{name}')
    if judge := params.get(f'auxiliary_{name}'):
      yield from unit(judge['reduce'])
      yield from images.laid(judge, 'dense', sides=(4, 4))
      yield from images.laid(judge, 'output')
  yield from images.laid(params, 'output')


def unit(params):
  """Lays out a convolution and its batch norm, if it has one."""
  return images.laid(params, 'convolution', 'norm')
