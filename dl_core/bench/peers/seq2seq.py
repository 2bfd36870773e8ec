"""Sequence to sequence in PyTorch: nn.LSTM, nn.GRU or nn.RNN, einsum for attention.

PyTorch adds two biases where one is ours: the second rests at zero, all but the part of
a GRU's candidate, which we have too. Additive attention steps through cells. Padded
sources are packed only where a batch has any; lengths of a benchmark are all the same.
"""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import rnn

from dl_core.bench.peers import Peer, Turn, Writer, char_lm


class Seq2Seq(nn.Module):
  def __init__(self, c, source, target):
    super().__init__()
    fed, both = c.attention == 'additive', c.bidirectional
    each = c.hidden // 2 if both and not fed else c.hidden
    width = c.hidden * (2 if both and fed else 1)  # of the encoder's outputs
    between = c.dropout if c.layers > 1 else 0.0
    cell = functools.partial(
      char_lm.CELLS[c.cell], batch_first=True, num_layers=c.layers, dropout=between
    )
    self.c, self.sizes = c, (source, target)
    self.encoder = cell(c.embedding or source, each, bidirectional=both)
    wide = (c.embedding or target) + (width if fed else 0)
    self.decoder = cell(wide, c.hidden)
    if c.embedding:
      self.read = nn.Embedding(source, c.embedding)
      self.written = nn.Embedding(target, c.embedding)
    if fed:
      self.query = nn.Linear(c.hidden, c.hidden, bias=False)
      self.key = nn.Linear(width, c.hidden)
      self.score = nn.Linear(c.hidden, 1, bias=False)
      if both:
        parts = (2 if c.cell == 'lstm' else 1) * c.layers
        self.bridge = nn.ModuleList(
          nn.Linear(2 * c.hidden, c.hidden) for _ in range(parts)
        )
    looks = {'none': 0, 'dot': c.hidden, 'additive': width + (c.embedding or target)}
    self.output = nn.Linear(c.hidden + looks[c.attention], target)
    self.drop = nn.Dropout(c.dropout)
    for module in (self.encoder, self.decoder):
      for name, bias in module.named_parameters():
        if name.startswith('bias_hh'):
          nn.init.zeros_(bias)
          if c.cell == 'gru':
            bias.register_hook(char_lm.candidate)

  def inputs(self, side, tokens):
    if self.c.embedding:
      return self.drop((self.written if side else self.read)(tokens))
    return functional.one_hot(tokens, self.sizes[side]).to(self.output.weight.dtype)

  def encode(self, source, lengths):
    x, steps = self.inputs(0, source), source.shape[1]
    if bool((lengths == steps).all()):
      keys, last = self.encoder(x)
    else:
      packed = rnn.pack_padded_sequence(x, lengths, True, enforce_sorted=False)
      keys, last = self.encoder(packed)
      keys, _ = rnn.pad_packed_sequence(keys, True, total_length=steps)
    return keys, self.first(last if isinstance(last, tuple) else (last,))

  def first(self, last):
    """Returns the decoder's first state, [layers, B, H] each part."""
    if not self.c.bidirectional:
      return last
    sides = [
      part.unflatten(0, (-1, 2)).transpose(1, 2).flatten(2) for part in last
    ]  # [layers, B, 2 * each]
    if self.c.attention != 'additive':
      return tuple(side.contiguous() for side in sides)
    # Ours holds c before h, layer by layer.
    parts = list(reversed(range(len(sides))))
    found = [[None] * self.c.layers for _ in sides]
    dense = iter(self.bridge)
    for layer in range(self.c.layers):
      for part in parts:
        found[part][layer] = torch.tanh(next(dense)(sides[part][layer]))
    return tuple(torch.stack(part) for part in found)

  def forward(self, source, lengths, target):
    memory, state = self.start(source, lengths)
    x = self.inputs(1, target)
    if self.c.attention != 'additive':
      return self.looking(memory, state, x)[1]
    said = []
    for step in range(x.shape[1]):
      state, read = self.feeding(memory, state, x[:, step])
      said.append(read)
    return self.output(self.drop(torch.stack(said, 1)))

  def start(self, source, lengths):
    """Returns the memory, keys, their projection and a mask, and the first state."""
    keys, state = self.encode(source, lengths)
    mask = torch.arange(source.shape[1]).to(lengths)[None] < lengths[:, None]
    fed = self.c.attention == 'additive'
    return (keys, self.key(keys) if fed else keys, mask), state

  def advance(self, memory, state, tokens):
    """Reads tokens [B]; returns the state and the logits [B, V] of what comes next."""
    x = self.inputs(1, tokens)
    if self.c.attention == 'additive':
      state, read = self.feeding(memory, state, x)
      return state, self.output(self.drop(read))
    state, logits = self.looking(memory, state, x[:, None])
    return state, logits[:, 0]

  def looking(self, memory, state, x):
    keys, _, mask = memory
    state, h = self.recurred(state, x)
    if self.c.attention == 'none':
      return state, self.output(self.drop(h))
    scores = torch.einsum('bth,bsh->bts', h, keys)
    weights = scores.masked_fill(~mask[:, None], -torch.inf).softmax(-1)
    c = torch.einsum('bts,bsh->bth', weights, keys)
    return state, self.output(self.drop(torch.cat([h, c], -1)))

  def feeding(self, memory, state, x):
    keys, projected, mask = memory
    query = self.query(state[0][-1])[:, None]
    scores = self.score(torch.tanh(query + projected))[..., 0]
    weights = scores.masked_fill(~mask, -torch.inf).softmax(-1)
    c = torch.einsum('bs,bsh->bh', weights, keys)
    state, h = self.recurred(state, torch.cat([x, c], -1)[:, None])
    return state, torch.cat([h[:, 0], c, x], -1)

  def recurred(self, state, x):
    h, last = self.decoder(x, state if len(state) > 1 else state[0])
    return last if isinstance(last, tuple) else (last,), h


def peer(config, spec) -> Peer:
  most = spec.limits.x
  module = Seq2Seq(config, most['source'], most['target'])

  def loss(source, lengths, target, y, weight):
    logits = module(source, lengths, target)
    each = functional.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction='none')
    return (each * weight.flatten()).sum() / weight.sum()

  moves = [
    parameter
    for name, parameter in module.named_parameters()
    if 'bias_hh' not in name or config.cell == 'gru'
  ]
  optimizer = functools.partial(torch.optim.Adam, lr=config.learning_rate)
  turn = Turn(loss, moves, optimizer, clip=1.0, average=config.average)
  return Peer(module, tensors, (turn,))


def writer(config, spec) -> Writer:
  most = spec.limits.x
  module = Seq2Seq(config, most['source'], most['target'])

  def advance(state, tokens):
    memory, state = state
    state, logits = module.advance(memory, state, tokens)
    return (memory, state), logits

  return Writer(module, sources, module.start, advance, spec.batch.y.shape[1])


def sources(x):
  return tuple(torch.tensor(np.asarray(x[k], np.int64)) for k in ('source', 'lengths'))


def tensors(batch):
  whole = (batch.x['source'], batch.x['lengths'], batch.x['target'], batch.y)
  return (
    *(torch.tensor(np.asarray(each, np.int64)) for each in whole),
    torch.tensor(np.asarray(batch.weight)),
  )


def carried(params):
  """Lays our parameters out in the order of the module's."""
  for side in ('encoder', 'decoder'):
    layers = params[side]
    for number in range(len(layers)):
      layer = layers[f'recurrent_{number}']
      ways = (
        [layer] if 'input_kernel' in layer else [layer['forward'], layer['backward']]
      )
      for way in ways:
        yield from char_lm.recurrent(way)
  for name in ('read_embedding', 'written_embedding'):
    if name in params:
      yield np.asarray(params[name]['embedding'])
  for name in ('query', 'key', 'score'):
    if 'scores' in params:
      yield from dense(params['scores'][name])
  number = 0
  while f'bridge_{number}' in params:
    yield from dense(params[f'bridge_{number}'])
    number += 1
  yield from dense(params['output'])


def dense(layer):
  yield np.asarray(layer['kernel']).T
  if 'bias' in layer:
    yield np.asarray(layer['bias'])
