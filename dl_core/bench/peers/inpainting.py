"""A context encoder in PyTorch: the hole in the middle, squared error in it, Adam."""

import functools
import itertools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn, images
from dl_core.data import holes
from dl_core.models import encoder

FACTOR = 2


def peer(config, spec) -> Peer:
  shape = spec.batch.x.shape[1:]
  module = ContextEncoder(shape, config.widths, config.code)
  hole = middle(*shape[:2])

  def loss(x, y):
    del y
    around = torch.where(hole, 0, x).sum((2, 3), keepdim=True) / (~hole).sum()
    said = module(torch.where(hole, around, x))
    square = (said - x) ** 2
    return torch.where(hole, square, 0).sum() / (hole.sum() * len(x) * x.shape[1])

  optimizer = functools.partial(torch.optim.Adam, lr=config.learning_rate)
  return Peer(module, images.tensors, (Turn(loss, [*module.parameters()], optimizer),))


def middle(height, width):
  """Returns where the hole is, booleans [H, W]."""
  h, w = holes.sides(height, width, 0.25)
  hole = torch.zeros(height, width, dtype=torch.bool)
  top, left = (height - h) // 2, (width - w) // 2
  hole[top : top + h, left : left + w] = True
  return hole


class Layer(nn.Sequential):
  """Convolution, norm and ReLU, padded as in `models.encoder`."""

  def __init__(self, channels, features, side, stride):
    total = side - stride if stride > 1 else side - 1
    pads = (total // 2, total - total // 2)
    super().__init__(
      nn.ZeroPad2d((*pads, *pads)),
      nn.Conv2d(channels, features, side, stride),
      norm(features),
      nn.ReLU(),
    )


class SubPixel(nn.Sequential):
  def __init__(self, channels, features):
    convolution = nn.Conv2d(channels, FACTOR**2 * features, 3, padding=1)
    super().__init__(convolution, nn.PixelShuffle(FACTOR))


def norm(features):
  return nn.GroupNorm(1, features, eps=encoder.SOFT)


class ContextEncoder(nn.Module):
  def __init__(self, shape, widths, code):
    super().__init__()
    height, width, channels = shape
    inputs = (channels, *widths[:-1])
    rows = zip(inputs, widths, (5, 3, 3, 3), encoder.STRIDES, strict=True)
    self.encoder = nn.Sequential(*(Layer(*row) for row in rows))
    self.sides = height // encoder.HALVED, width // encoder.HALVED
    places = self.sides[0] * self.sides[1]
    self.bottleneck = nn.Linear(widths[-1] * places, code)
    halves = [each // 2 for each in widths[2::-1]]
    self.smallest = nn.Linear(code, halves[0] * places)
    doublings = []
    for before, after in itertools.pairwise(halves):
      doublings += [SubPixel(before, after), norm(after), nn.ReLU()]
    self.decoder = nn.Sequential(*doublings, SubPixel(halves[-1], channels))

  def forward(self, x):
    mean = x.mean((1, 2, 3), keepdim=True)
    variance = x.var((1, 2, 3), correction=0, keepdim=True)
    deviation = torch.sqrt(variance + encoder.EPSILON)
    last = self.encoder((x - mean) / deviation)
    z = functional.relu(self.bottleneck(last.flatten(1)))
    h = functional.relu(self.smallest(z)).unflatten(1, (*self.sides, -1))
    return mean + deviation * self.decoder(h.permute(0, 3, 1, 2))


def carried(params):
  for name in encoder.LAYERS:
    yield from images.laid(params['encoder'][name], 'convolution', 'norm')
  last = params['encoder'][encoder.LAYERS[-1]]['norm']['bias'].shape[0]
  places = params['bottleneck']['kernel'].shape[0] // last
  side = round(places**0.5)
  yield from images.laid(params, 'bottleneck', sides=(side, side))
  decoder = params['decoder']
  yield from images.laid(decoder, 'smallest')
  for number in (1, 2):
    yield from shuffled(decoder[f'doubling_{number}'])
    yield from images.laid(decoder, f'norm_{number}')
  yield from shuffled(decoder['pixels'])


def shuffled(params):
  """Lays out a convolution whose sub-pixels PyTorch counts within a feature."""

  def turned(leaf):
    leaf = np.asarray(leaf)
    split = leaf.reshape(*leaf.shape[:-1], FACTOR**2, -1)
    return split.swapaxes(-1, -2).reshape(leaf.shape)

  own = params['convolution']
  turned_all = {name: turned(leaf) for name, leaf in own.items()}
  return images.laid({'convolution': turned_all}, 'convolution')
