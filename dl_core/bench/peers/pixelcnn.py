"""PixelCNN, the gated PixelCNN, the Row LSTM and the Diagonal BiLSTM in PyTorch; Adam.

Shapes: B images, H x W pixels, C colours, K levels.
"""

import functools
import itertools
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.functional import relu

from dl_core.bench.peers import Peer, Turn, images, masked, pixel_lstm
from dl_core.models.pixelcnn import FIRST, NETS


def peer(config, spec) -> Peer:
  if config.conditional:
    raise ValueError('the peer of pixelcnn reads no class; drop --conditional')
  layers, width = NETS[config.net]
  layers, width = config.layers or layers, config.width or width
  count = spec.batch.x.shape[-1]
  module = PixelCNN(config.net, count, config.levels, layers, width, config.head)

  def loss(x, y):
    logits = module(x)  # [B, C, K, H, W], or one logit for two levels
    if config.levels == 2:
      nats = functional.binary_cross_entropy_with_logits(
        logits[:, :, 0], y.to(logits.dtype), reduction='sum'
      )
    else:
      nats = functional.cross_entropy(logits.transpose(1, 2), y, reduction='sum')
    return nats / len(x)

  adam = functools.partial(torch.optim.Adam, lr=config.learning_rate)
  turn = Turn(
    loss, [*module.parameters()], adam, clip=1.0, average=config.average or None
  )
  return Peer(module, tensors, (turn,))


def tensors(batch):
  x, y = (np.asarray(a).transpose(0, 3, 1, 2).copy() for a in (batch.x, batch.y))
  return torch.tensor(x), torch.tensor(y.astype(np.int64))


class PixelCNN(nn.Module):
  def __init__(self, net, count, levels, layers, width, head):
    super().__init__()
    wide = width if net == 'gated' else 2 * width
    self.above = None
    if net == 'gated':
      self.above = nn.Conv2d(count, width, (FIRST // 2, FIRST))
      self.first = masked.Masked(count, width, count, 0, FIRST, first=True)
    else:
      self.first = masked.Masked(count, wide, count, FIRST // 2, FIRST, first=True)
    self.blocks = nn.ModuleList(BLOCKS[net](width, count) for _ in range(layers))
    own = 1 if levels == 2 else levels
    self.head = nn.Sequential(
      nn.ReLU(),
      masked.Masked(wide, head, count),
      nn.ReLU(),
      masked.Masked(head, count * own, count),
      nn.Unflatten(1, (count, own)),
    )

  def forward(self, x):
    x = 2 * x - 1
    h = self.first(x)
    if self.above is None:
      for block in self.blocks:
        h = block(h)
      return self.head(h)
    side = FIRST // 2
    v = self.above(functional.pad(x, (side, side, side, -1)))
    for block in self.blocks:
      v, h = block(v, h)
    return self.head(h)


class Block(nn.Module):
  def __init__(self, width, count):
    super().__init__()
    self.narrow = masked.Masked(2 * width, width, count)
    self.mask = masked.Masked(width, width, count, 1, 3)
    self.wide = masked.Masked(width, 2 * width, count)

  def forward(self, x):
    return x + self.wide(relu(self.mask(relu(self.narrow(relu(x))))))


class GatedBlock(nn.Module):
  def __init__(self, width, count):
    super().__init__()
    self.vertical = nn.Conv2d(width, 2 * width, (2, 3))
    self.link = nn.Conv2d(2 * width, 2 * width, 1)
    self.horizontal = masked.Masked(width, 2 * width, count, 0, 3, repeats=2)
    self.residual = masked.Masked(width, width, count)

  def forward(self, v, h):
    a = self.vertical(functional.pad(v, (1, 1, 1, 0)))
    b = self.horizontal(h) + self.link(a)
    return gate(a), h + self.residual(gate(b))


def gate(x):
  a, b = x.chunk(2, 1)
  return torch.tanh(a) * torch.sigmoid(b)


class LSTMBlock(nn.Module):
  def __init__(self, lstm, width, count):
    super().__init__()
    self.lstm = lstm(2 * width, width, count)
    self.wide = masked.Masked(width, 2 * width, count)

  def forward(self, x):
    return x + self.wide(self.lstm(x))


BLOCKS: dict[str, Callable[..., nn.Module]] = {
  'pixelcnn': Block,
  'gated': GatedBlock,
  'row_lstm': functools.partial(LSTMBlock, pixel_lstm.RowLSTM),
  'diagonal_bilstm': functools.partial(LSTMBlock, pixel_lstm.DiagonalBiLSTM),
}


def carried(params):
  if 'above' in params:
    yield from images.laid(params['above'], 'convolution')
    yield from masked.carried(params['left'])
  else:
    yield from masked.carried(params['first'])
  names = (f'block_{number}' for number in itertools.count(1))
  for name in itertools.takewhile(params.__contains__, names):
    yield from of_block(params[name])
  for name in ('head_1', 'output'):
    yield from masked.carried(params[name])


def of_block(block):
  if 'link' in block:
    yield from images.laid(block['vertical'], 'convolution')
    yield from images.laid(block, 'link', pointwise=True)
  if 'lstm' in block:
    yield from pixel_lstm.carried(block['lstm'])
  for name in ('horizontal', 'residual', 'narrow', 'mask', 'wide'):
    if name in block:
      yield from masked.carried(block[name])
