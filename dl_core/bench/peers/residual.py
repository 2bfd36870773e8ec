"""ResNets in PyTorch, in all variants of ours, with torchvision's names."""

from torch import nn
from torch.nn import functional

from dl_core.bench.peers import images


def conv(inputs, outputs, size, stride=1):
  return nn.Conv2d(inputs, outputs, size, stride, (size - 1) // 2, bias=False)


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
      self.se = images.Gate(outputs, reduction)
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
  yield from images.laid(params, 'convolution', 'norm')
  blocks = [name.split('_') for name in params if name.startswith('stage_')]
  for _, stage, _, number in sorted(blocks, key=lambda b: (int(b[1]), int(b[3]))):
    block = params[f'stage_{stage}_block_{number}']
    for n in (1, 2, 3):
      yield from images.laid(block, f'convolution_{n}', f'norm_{n}')
    yield from images.gate(block, 'gate')
    yield from images.laid(block.get('shortcut', {}), 'convolution', 'norm')
  yield from images.laid(params, 'output')
