"""The network that answers questions, in PyTorch: convolutions, nn.LSTM, Adam."""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn, char_lm, trunk


class VQA(nn.Module):
  def __init__(self, side, channels, vocabulary, embedding, classes, config):
    super().__init__()
    width, hidden = config.widths[-1], config.hidden
    places = (side // 2 ** min(config.pooled, len(config.widths))) ** 2
    self.seen, self.read = config.without != 'image', config.without != 'question'
    if self.seen:
      self.trunk = trunk.Trunk(channels, config.widths, config.pooled)
      self.image = trunk.Summary(places, width, hidden, config.bottleneck)
      self.norm = nn.LayerNorm(hidden, eps=1e-6)
    if self.read:
      self.words = nn.Embedding(vocabulary, embedding)
      self.recurrent = trunk.cell(config.cell, embedding, hidden)
      self.question = nn.Linear(hidden, hidden)
    self.drop = nn.Dropout(config.dropout)
    self.both = nn.Linear(hidden, hidden)
    self.output = nn.Linear(hidden, classes)

  def forward(self, image, question):
    parts = []
    if self.seen:
      parts.append(torch.tanh(self.norm(self.image(self.trunk(image)))))
    if self.read:
      h, _ = self.recurrent(self.words(question))
      last = (question != 0).sum(1) - 1
      said = h[torch.arange(len(h), device=h.device), last]
      parts.append(torch.tanh(self.question(said)))
    both = parts[0] * parts[-1] if len(parts) > 1 else parts[0]
    return self.output(functional.relu(self.both(self.drop(both))))


def peer(config, spec) -> Peer:
  _, side, _, channels = spec.batch.x['image'].shape
  sizes = spec.limits.x['question'], EMBEDDING, len(spec.classes)
  module = VQA(side, channels, *sizes, config)

  def loss(image, question, y):
    return functional.cross_entropy(module(image, question), y)

  optimizer = functools.partial(torch.optim.Adam, lr=config.learning_rate)
  turn = Turn(loss, trunk.moving(module, config.cell), optimizer, clip=1.0)
  return Peer(module, tensors, (turn,))


EMBEDDING = 64  # the default of `models.vqa`, which the experiment keeps


def tensors(batch):
  image = np.asarray(batch.x['image']).transpose(0, 3, 1, 2).copy()
  whole = (batch.x['question'], batch.y)
  return torch.tensor(image), *(torch.tensor(np.asarray(a, np.int64)) for a in whole)


def carried(params):
  if 'trunk' in params:
    yield from trunk.stages(params['trunk'])
    yield from trunk.summary(params['image'])
    yield np.asarray(params['norm']['scale'])
    yield np.asarray(params['norm']['bias'])
  if 'words' in params:
    yield np.asarray(params['words']['embedding'])
    yield from char_lm.recurrent(params['recurrent'])
    yield from trunk.dense(params['question'])
  yield from trunk.dense(params['both'])
  yield from trunk.dense(params['output'])
