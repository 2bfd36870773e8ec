"""FCN in PyTorch: VGG's stages, 1 x 1 scores, transposed convolutions, crops."""

import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, images, pixels
from dl_core.layers import upsampling
from dl_core.models import fcn

SKIPS = {4: 5, 3: 9}  # crops of the scores of pool4 and pool3, in the paper's networks
LAST = {32: 19, 16: 27, 8: 31}  # and of the upsampled scores


def peer(config, spec) -> Peer:
  classes, channels = len(spec.classes), spec.batch.x.shape[-1]
  width = config.width or (16 if config.form == 'small' else 64)
  model = fcn.small(classes, config.stride, width)
  if config.form == 'paper':
    model = fcn.FCN(classes, config.stride, width=width)
  return pixels.segmenter(FCN(model, channels), config)


class FCN(nn.Module):
  def __init__(self, model, channels):
    """`model` is ours, whose attributes are read."""
    super().__init__()
    self.model, stages, inputs = model, [], channels
    for number, depth in enumerate(model.depths, start=1):
      features, layers = model.width * min(2 ** (number - 1), 8), []
      for layer in range(1, depth + 1):
        pad = model.around or 1 if (number, layer) == (1, 1) else 1
        layers.append(nn.Conv2d(inputs, features, 3, padding=pad))
        layers += pixels.normed(features, model.batch_norm)
        inputs = features
      stages.append(nn.Sequential(*layers, nn.MaxPool2d(2, ceil_mode=True)))
    self.stages = nn.ModuleList(stages)
    hidden = model.hidden or 64 * model.width
    pad = 0 if model.around else model.side // 2
    norms = lambda: pixels.normed(hidden, model.batch_norm)
    self.hidden = nn.Sequential(
      *(nn.Conv2d(inputs, hidden, model.side, padding=pad), *norms()),
      *(nn.Dropout(model.dropout), nn.Conv2d(hidden, hidden, 1), *norms()),
      nn.Dropout(model.dropout),
    )
    self.score = nn.Conv2d(hidden, model.classes, 1)
    levels = range(len(model.depths) - 1, model.stride.bit_length() - 2, -1)
    own = lambda level: model.width * min(2 ** (level - 1), 8)
    self.scores = nn.ModuleDict(
      {str(level): nn.Conv2d(own(level), model.classes, 1) for level in levels}
    )
    learned = model.upsampling == 'learned'
    ups = [2 for _ in levels] + [model.stride]
    shape = lambda s: (model.classes, model.classes, 2 * s, 2 * s)
    kernels = [torch.zeros(shape(s)) + bilinear(s, model.classes) for s in ups]
    self.kernels = nn.ParameterList(kernels) if learned else None
    for number, kernel in enumerate(kernels):
      self.register_buffer(f'fixed_{number}', kernel, persistent=False)

  def upsampled(self, x, number, factor):
    own = self.kernels[number] if self.kernels else getattr(self, f'fixed_{number}')
    pad = 0 if self.model.around else factor // 2
    return functional.conv_transpose2d(x, own, stride=factor, padding=pad)

  def forward(self, x):
    height, width = x.shape[2:]
    maps = []
    for stage in self.stages:
      x = stage(x)
      maps.append(x)
    x = self.score(self.hidden(x))
    for number, (level, score) in enumerate(self.scores.items()):
      x = self.upsampled(x, number, 2)
      crop = SKIPS[int(level)] if self.model.around else 0
      skip = score(maps[int(level) - 1])[:, :, crop:, crop:]
      rows, columns = (min(x.shape[n], skip.shape[n]) for n in (2, 3))
      x = x[:, :, :rows, :columns] + skip[:, :, :rows, :columns]
    x = self.upsampled(x, len(self.scores), self.model.stride)
    crop = LAST[self.model.stride] if self.model.around else 0
    return x[:, :, crop : crop + height, crop : crop + width]


def bilinear(factor, classes):
  line = torch.tensor(upsampling.bilinear(2 * factor), dtype=torch.float32)
  return torch.eye(classes)[..., None, None] * torch.outer(line, line)


def carried(params):
  places = [n.removeprefix('convolution_') for n in params if 'convolution' in n]
  for place in sorted(places):  # stages and depths have one digit
    yield from images.laid(params, f'convolution_{place}', f'norm_{place}')
  for name in ('hidden_1', 'hidden_2'):
    yield from images.laid(params, name, f'{name}_norm')
  yield from pixels.pointwise(params, 'score', 'score_4', 'score_3')
  for name in ('upsample_4', 'upsample_3', 'upsample'):
    if name in params:
      yield from pixels.transposed(params, name)
