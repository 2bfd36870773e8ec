"""PSPNet in PyTorch: a dilated ResNet, adaptive means, bilinear interpolation."""

import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, images, pixels, residual
from dl_core.models import pspnet


def peer(config, spec) -> Peer:
  model = pspnet.PSPNet(
    len(spec.classes), config.depths, config.width, config.stem, config.pyramid,
    bool(config.auxiliary), config.dropout,
  )  # fmt: skip
  module = PSPNet(model, spec.batch.x.shape[-1])
  return pixels.segmenter(module, config, config.auxiliary)


class Block(residual.Block):
  """A bottleneck whose middle convolution may be dilated."""

  def __init__(self, inputs, width, stride, dilation):
    super().__init__(inputs, width, stride, 'B', 0, True, False)
    if dilation > 1:
      own = {'padding': dilation, 'dilation': dilation, 'bias': False}
      self.conv2 = nn.Conv2d(width, width, 3, **own)


def read(inputs, features, side):
  return [
    nn.Conv2d(inputs, features, side, padding=side // 2, bias=False),
    nn.BatchNorm2d(features),
    nn.ReLU(),
  ]


class PSPNet(nn.Module):
  def __init__(self, model, channels):
    """`model` is ours, whose attributes are read."""
    super().__init__()
    self.model, width = model, model.width
    if model.stem == 'deep':
      convolutions = read(channels, width, 3) + read(width, width, 3)
      convolutions += read(width, 2 * width, 3)
      convolutions[0].stride = (2, 2)
      inputs = 2 * width
    else:
      convolutions, inputs = read(channels, width, 7), width
      convolutions[0].stride = (2, 2)
    self.stem = nn.Sequential(*convolutions, nn.MaxPool2d(3, 2, 1))
    stages = []
    for stage, depth in enumerate(model.depths):
      blocks = []
      for number in range(depth):
        stride = 2 if stage == 1 and not number else 1
        blocks.append(Block(inputs, width * 2**stage, stride, max(1, 2 ** (stage - 1))))
        inputs = 4 * width * 2**stage
      stages.append(nn.Sequential(*blocks))
    self.stages = nn.ModuleList(stages)
    features = inputs // max(len(model.pyramid), 1)
    self.means = nn.ModuleList(
      nn.Sequential(nn.AdaptiveAvgPool2d(size), *read(inputs, features, 1))
      for size in model.pyramid
    )
    total = inputs + features * len(model.pyramid)
    self.head = self.scored(total, 8 * width)
    self.auxiliary = None
    if model.auxiliary:
      self.auxiliary = self.scored(inputs // 2, 4 * width)

  def scored(self, inputs, features):
    return nn.Sequential(
      *read(inputs, features, 3),
      nn.Dropout2d(self.model.dropout),
      nn.Conv2d(features, self.model.classes, 1),
    )

  def forward(self, x):
    sides = x.shape[2:]
    x, third = self.stem(x), None
    for number, stage in enumerate(self.stages, start=1):
      third = x if number == len(self.stages) else third
      x = stage(x)

    def scaled(x, sides):
      return functional.interpolate(
        x, tuple(sides), mode='bilinear', align_corners=True
      )

    found = [x, *(scaled(mean(x), x.shape[2:]) for mean in self.means)]
    first = scaled(self.head(torch.cat(found, 1)), sides)
    if self.auxiliary is None or not self.training:
      return first
    return first, scaled(self.auxiliary(third), sides)


def carried(params):
  for end in ('', '_2', '_3'):
    yield from images.laid(params, f'convolution{end}', f'norm{end}')
  blocks = [name.split('_') for name in params if name.startswith('stage_')]
  for _, stage, _, number in sorted(blocks, key=lambda b: (int(b[1]), int(b[3]))):
    block = params[f'stage_{stage}_block_{number}']
    for n in (1, 2, 3):
      yield from images.laid(block, f'convolution_{n}', f'norm_{n}')
    yield from images.laid(block.get('shortcut', {}), 'convolution', 'norm')
  sizes = [int(n.split('_')[1]) for n in params if n.startswith('mean_')]
  for size in sorted({*sizes}):
    yield from images.laid(params, f'mean_{size}', f'mean_{size}_norm')
  for name in ('head', 'auxiliary'):
    if name in params:
      yield from images.laid(params, name, f'{name}_norm')
      yield from pixels.pointwise(params, f'{name}_output')
