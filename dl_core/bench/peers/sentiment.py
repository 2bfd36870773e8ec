"""The classifier of sentences in PyTorch: an embedding, recurrent layers, a pool; Adam.

The sentences of the benchmark fill their length class, so nothing is packed and nothing
masked. PyTorch adds two biases where one is ours: the second rests at zero, all but the
part of a GRU's candidate, which we have too.
"""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn
from dl_core.bench.peers import char_lm as recurrent


class Classifier(nn.Module):
  def __init__(self, config, vocabulary, classes):
    super().__init__()
    c, sides = config, 2 if config.bidirectional else 1
    self.embed = nn.Embedding(vocabulary, c.embedding)
    between = c.dropout if c.layers > 1 else 0.0
    self.rnn = recurrent.CELLS[c.cell](
      c.embedding, c.hidden, c.layers, batch_first=True, dropout=between,
      bidirectional=sides == 2,
    )  # fmt: skip
    self.pool, self.sides, self.drop = c.pool, sides, nn.Dropout(c.dropout)
    width = c.hidden * sides
    if c.pool == 'attention':
      self.key = nn.Linear(width, c.hidden, bias=False)
      self.score = nn.Linear(c.hidden, 1, bias=False)
    self.inner = nn.Linear(width, c.head) if c.head else None
    self.output = nn.Linear(c.head or width, classes)
    for name, bias in self.rnn.named_parameters():
      if name.startswith('bias_hh'):
        nn.init.zeros_(bias)
        if c.cell == 'gru':
          bias.register_hook(recurrent.candidate)

  def forward(self, tokens):
    h, state = self.rnn(self.drop(self.embed(tokens)))
    if self.pool == 'last':
      state = state[0] if isinstance(state, tuple) else state
      pooled = torch.cat(list(state[-self.sides :]), dim=-1)
    elif self.pool == 'mean':
      pooled = h.mean(1)
    else:
      scores = self.score(torch.tanh(self.key(self.drop(h))))
      pooled = (torch.softmax(scores, 1) * h).sum(1)
    pooled = self.drop(pooled)
    if self.inner is not None:
      pooled = self.drop(torch.tanh(self.inner(pooled)))
    return self.output(pooled)


def peer(config, spec) -> Peer:
  module = Classifier(config, spec.limits.x['tokens'], len(spec.classes))

  def loss(tokens, y):
    return functional.cross_entropy(module(tokens), y)

  moves = [
    parameter
    for name, parameter in module.named_parameters()
    if 'bias_hh' not in name or config.cell == 'gru'
  ]
  optimizer = functools.partial(torch.optim.Adam, lr=config.learning_rate)
  turn = Turn(loss, moves, optimizer, average=config.average or None)
  return Peer(module, tensors, (turn,))


def tensors(batch):
  return tuple(
    torch.tensor(np.asarray(a, np.int64)) for a in (batch.x['tokens'], batch.y)
  )


def carried(params):
  yield np.asarray(params['embed']['embedding'])
  layers = params['recurrent']
  for n in range(len(layers)):
    layer = layers[f'recurrent_{n}']
    ways = [layer[way] for way in ('forward', 'backward') if way in layer]
    for each in ways or [layer]:
      yield from recurrent.recurrent(each)
  for name in ('key', 'score', 'inner', 'output'):
    for part in ('kernel', 'bias'):
      if part in params.get(name, {}):
        yield np.asarray(params[name][part]).T
