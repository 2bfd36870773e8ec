"""U-Net in PyTorch, with the paper's valid convolutions or padded with batch norm."""

import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, images, pixels
from dl_core.models import unet


def peer(config, spec) -> Peer:
  form = unet.FORMS[config.form]
  module = UNet(
    unet.UNet(
      len(spec.classes), config.levels, config.width, skips=config.skips,
      dropout=config.dropout, **form,
    ),
    spec.batch.x.shape[-1],
  )  # fmt: skip
  return pixels.segmenter(module, config)


class UNet(nn.Module):
  def __init__(self, model, channels):
    """`model` is ours, whose attributes are read; it upsamples by convolutions."""
    super().__init__()
    self.model = model
    widths = [model.width * 2**level for level in range(model.levels)]
    pairs = zip([channels, *widths], widths, strict=False)
    self.down = nn.ModuleList(self.pair(a, b) for a, b in pairs)
    self.doubles, self.up = nn.ModuleList(), nn.ModuleList()
    for wide, narrow in zip(widths[:0:-1], widths[-2::-1], strict=True):
      self.doubles.append(nn.ConvTranspose2d(wide, narrow, 2, 2))
      self.up.append(self.pair(2 * narrow if model.skips else narrow, narrow))
    self.dropout = nn.Dropout(model.dropout)
    self.output = nn.Conv2d(widths[0], model.classes, 1)

  def pair(self, inputs, features):
    layers, norms = [], self.model.batch_norm
    for _ in range(2):
      pad = 1 if self.model.padded else 0
      layers.append(nn.Conv2d(inputs, features, 3, padding=pad, bias=not norms))
      layers += pixels.normed(features, norms)
      inputs = features
    return nn.Sequential(*layers)

  def forward(self, x):
    maps = []
    for level, pair in enumerate(self.down, start=1):
      x = pair(functional.max_pool2d(x, 2) if level > 1 else x)
      x = self.dropout(x) if level >= self.model.levels - 1 else x
      maps.append(x)
    for skip, double, pair in zip(maps[-2::-1], self.doubles, self.up, strict=True):
      x = double(x)
      top, left = ((skip.shape[n] - x.shape[n]) // 2 for n in (2, 3))
      cut = skip[:, :, top : top + x.shape[2], left : left + x.shape[3]]
      x = pair(torch.cat([cut, x], 1) if self.model.skips else x)
    return self.output(x)


def carried(params):
  levels = sum(name.startswith('double_') for name in params) + 1
  pair = lambda way, level: [
    f'{way}_{level}_{number}{end}' for number in (1, 2) for end in ('', '_norm')
  ]
  for level in range(1, levels + 1):
    yield from images.laid(params, *pair('down', level))
  for level in range(levels - 1, 0, -1):
    yield from pixels.transposed(params, f'double_{level}')
  for level in range(levels - 1, 0, -1):
    yield from images.laid(params, *pair('up', level))
  yield from pixels.pointwise(params, 'output')
