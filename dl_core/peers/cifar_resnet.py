"""ResNets in PyTorch, of every kind that ours are, by torchvision's names; momentum."""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.peers import Peer, Turn


def peer(config, spec) -> Peer:
  blocks = ((config.depth - 2) // 6,) * 3
  shortcut = 'none' if config.plain else config.shortcut
  module = ResNet(blocks, len(spec.classes), 16, 'cifar', shortcut, 16 * config.se)
  optimizer = functools.partial(
    torch.optim.SGD, lr=config.learning_rate, momentum=0.9, weight_decay=config.decay
  )

  def loss(x, y):
    return functional.cross_entropy(module(x), y)

  return Peer(module, tensors, (Turn(loss, [*module.parameters()], optimizer),))


def tensors(batch):
  images = np.asarray(batch.x).transpose(0, 3, 1, 2).copy()
  return torch.tensor(images), torch.tensor(np.asarray(batch.y, np.int64))


def conv(inputs, outputs, size, stride=1):
  return nn.Conv2d(inputs, outputs, size, stride, (size - 1) // 2, bias=False)


class Gate(nn.Module):
  def __init__(self, channels, reduction):
    super().__init__()
    self.fc1 = nn.Conv2d(channels, channels // reduction, 1)
    self.fc2 = nn.Conv2d(channels // reduction, channels, 1)

  def forward(self, x):
    hidden = functional.relu(self.fc1(x.mean((2, 3), keepdim=True)))
    return x * torch.sigmoid(self.fc2(hidden))


class Block(nn.Module):
  def __init__(self, inputs, width, stride, shortcut, reduction, deep, early):
    super().__init__()
    outputs = 4 * width if deep else width
    self.deep, self.option, self.stride = deep, shortcut, stride
    self.more = outputs - inputs
    if deep:
      first, second = (stride, 1) if early else (1, stride)
      self.conv1, self.bn1 = conv(inputs, width, 1, first), nn.BatchNorm2d(width)
      self.conv2, self.bn2 = conv(width, width, 3, second), nn.BatchNorm2d(width)
      self.conv3, self.bn3 = conv(width, outputs, 1), nn.BatchNorm2d(outputs)
    else:
      self.conv1, self.bn1 = conv(inputs, width, 3, stride), nn.BatchNorm2d(width)
      self.conv2, self.bn2 = conv(width, width, 3), nn.BatchNorm2d(width)
    if reduction:
      self.se = Gate(outputs, reduction)
    if shortcut == 'B' and (stride > 1 or inputs != outputs):
      self.downsample = nn.Sequential(
        conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)
      )

  def forward(self, x):
    y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
    if self.deep:
      y = self.bn3(self.conv3(functional.relu(y)))
    if hasattr(self, 'se'):
      y = self.se(y)
    if self.option == 'none':
      return functional.relu(y)
    if hasattr(self, 'downsample'):
      x = self.downsample(x)
    elif self.more:
      half = self.more // 2
      x = functional.pad(
        x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, half, self.more - half)
      )
    return functional.relu(x + y)


class ResNet(nn.Module):
  def __init__(
    self, depths, classes, width, stem, shortcut, reduction, deep=False, early=False
  ):
    super().__init__()
    size, stride = (3, 1) if stem == 'cifar' else (7, 2)
    self.conv1, self.bn1 = conv(3, width, size, stride), nn.BatchNorm2d(width)
    pools = {
      'cifar': nn.Identity(),
      'imagenet': nn.MaxPool2d(3, 2, 1),
      'caffe': nn.MaxPool2d(3, 2, ceil_mode=True),
    }
    self.pool, self.stages, inputs = pools[stem], len(depths), width
    for stage, depth in enumerate(depths):
      blocks = []
      for number in range(depth):
        own, stride = width * 2**stage, 2 if stage and not number else 1
        blocks.append(Block(inputs, own, stride, shortcut, reduction, deep, early))
        inputs = 4 * own if deep else own
      self.add_module(f'layer{stage + 1}', nn.Sequential(*blocks))
    self.fc = nn.Linear(inputs, classes)

  def forward(self, x):
    x = self.pool(functional.relu(self.bn1(self.conv1(x))))
    for stage in range(self.stages):
      x = getattr(self, f'layer{stage + 1}')(x)
    return self.fc(x.mean((2, 3)))


def carried(params):
  yield from unit(params, 'convolution', 'norm')
  blocks = [name.split('_') for name in params if name.startswith('stage_')]
  for _, stage, _, number in sorted(blocks, key=lambda b: (int(b[1]), int(b[3]))):
    block = params[f'stage_{stage}_block_{number}']
    for n in range(1, sum(name.startswith('convolution_') for name in block) + 1):
      yield from unit(block, f'convolution_{n}', f'norm_{n}')
    for name in ('reduce', 'expand'):
      if 'gate' in block:
        yield np.asarray(block['gate'][name]['kernel']).T[:, :, None, None]
        yield np.asarray(block['gate'][name]['bias'])
    if 'shortcut' in block:
      yield from unit(block['shortcut'], 'convolution', 'norm')
  yield np.asarray(params['output']['kernel']).T
  yield np.asarray(params['output']['bias'])


def unit(params, convolution, norm):
  """Lays out a convolution and its batch norm."""
  yield np.asarray(params[convolution]['kernel']).transpose(3, 2, 0, 1)
  yield np.asarray(params[norm]['scale'])
  yield np.asarray(params[norm]['bias'])
