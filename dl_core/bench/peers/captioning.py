"""The captioner in PyTorch, without attention: convolutions, nn.LSTM, Adam."""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn, char_lm, trunk
from dl_core.models import captioner


class Captioner(nn.Module):
  def __init__(self, side, channels, vocabulary, config):
    super().__init__()
    width, hidden = config.widths[-1], config.hidden
    places = (side // 2 ** min(2, len(config.widths))) ** 2
    self.trunk = trunk.Trunk(channels, config.widths, 2)
    self.image = trunk.Summary(places, width, hidden, captioner.Captioner.bottleneck)
    self.norm = nn.LayerNorm(hidden, eps=1e-6)
    self.words = nn.Embedding(vocabulary, hidden)
    self.recurrent = trunk.cell(config.cell, hidden, hidden)
    self.output = nn.Linear(hidden, vocabulary)

  def forward(self, image, words):
    first = self.norm(self.image(self.trunk(image)))
    inputs = torch.cat([first[:, None], self.words(words) + first[:, None]], 1)
    h, _ = self.recurrent(inputs)
    return self.output(h[:, 1:])


def peer(config, spec) -> Peer:
  if config.attention:
    raise ValueError('the peer of captioning has no attention; drop --attention')
  _, side, _, channels = spec.batch.x['image'].shape
  module = Captioner(side, channels, spec.limits.y, config)

  def loss(image, words, y):
    return functional.cross_entropy(module(image, words).flatten(0, 1), y.flatten())

  optimizer = functools.partial(torch.optim.Adam, lr=config.learning_rate)
  turn = Turn(loss, trunk.moving(module, config.cell), optimizer, clip=1.0)
  return Peer(module, tensors, (turn,))


def tensors(batch):
  image = np.asarray(batch.x['image']).transpose(0, 3, 1, 2).copy()
  whole = (batch.x['words'], batch.y)
  return torch.tensor(image), *(torch.tensor(np.asarray(a, np.int64)) for a in whole)


def carried(params):
  yield from trunk.stages(params['trunk'])
  yield from trunk.summary(params['image'])
  yield np.asarray(params['norm']['scale'])
  yield np.asarray(params['norm']['bias'])
  yield np.asarray(params['words']['embedding'])
  yield from char_lm.recurrent(params['recurrent'])
  yield from trunk.dense(params['output'])
