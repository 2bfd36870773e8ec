"""BERT in PyTorch: nn.TransformerEncoder, which attends by its fused function; AdamW.

It hides tokens in its step, as ours does, but as many of a shorter text.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn
from dl_core.bench.peers.gpt import decaying
from dl_core.bench.peers.transformer import dense, norm, stacked
from dl_core.data.passages import MARKS
from dl_core.models.bert import EPSILON, SEGMENTS, SIZES
from dl_core.tasks import masking


class BERT(nn.Module):
  def __init__(self, size, vocabulary, longest, order, dropout):
    super().__init__()
    layers, width, heads, hidden = size
    layer = nn.TransformerEncoderLayer(
      width,
      heads,
      hidden,
      dropout,
      functional.gelu,
      EPSILON,
      batch_first=True,
      norm_first=order == 'pre',
    )
    last = nn.LayerNorm(width, EPSILON) if order == 'pre' else None
    self.encoder = nn.TransformerEncoder(
      layer, layers, last, enable_nested_tensor=False
    )
    self.words = nn.Embedding(vocabulary, width)
    self.places = nn.Embedding(longest, width)
    self.segments = nn.Embedding(SEGMENTS, width)
    self.norm = nn.LayerNorm(width, EPSILON)
    self.pooler = nn.Linear(width, width)
    self.transform = nn.Linear(width, width)
    self.transform_norm = nn.LayerNorm(width, EPSILON)
    self.bias = nn.Parameter(torch.zeros(vocabulary))
    self.next = nn.Linear(width, 2)
    self.drop = nn.Dropout(dropout)
    for table in (self.words, self.places, self.segments):
      nn.init.normal_(table.weight, std=0.02)

  def forward(self, tokens, segments, lengths, places):
    time = tokens.shape[1]
    h = self.words(tokens) + self.places.weight[:time] + self.segments(segments)
    padding = torch.arange(time).to(lengths)[None] >= lengths[:, None]
    h = self.encoder(self.drop(self.norm(h)), src_key_padding_mask=padding)
    rows = h.gather(1, places[..., None].expand(-1, -1, h.shape[-1]))
    rows = self.transform_norm(functional.gelu(self.transform(rows)))
    masked = functional.linear(rows, self.words.weight, self.bias)
    return masked, self.next(torch.tanh(self.pooler(h[:, 0])))


def hidden(tokens, lengths, rate, vocabulary):
  """Hides some tokens [B, T]; returns them, the places [B, K] and the tokens there."""
  count = masking.most(rate, tokens.shape[1])
  real = torch.arange(tokens.shape[1]).to(lengths)[None] < lengths[:, None]
  real &= tokens >= len(MARKS)
  places = torch.rand(tokens.shape).masked_fill(~real, -1.0).topk(count).indices
  there = tokens.gather(1, places)
  kind = torch.rand(places.shape)
  other = torch.randint(len(MARKS), vocabulary, places.shape)
  shown = kind < masking.HIDDEN + masking.RANDOM
  new = torch.where(kind < masking.HIDDEN, MARKS['mask'], other)
  return tokens.scatter(1, places, torch.where(shown, new, there)), places, there


def peer(config, spec) -> Peer:
  vocabulary = spec.limits.x['tokens']
  sides = (SIZES[config.size], vocabulary, config.longest, config.norm, config.dropout)
  module = BERT(*sides)

  def loss(tokens, segments, lengths, following, places=None, there=None, weight=None):
    if places is None:
      tokens, places, there = hidden(tokens, lengths, config.rate, vocabulary)
      weight = torch.ones(places.shape)
    masked, after = module(tokens, segments, lengths, places)
    each = functional.cross_entropy(
      masked.flatten(0, 1), there.flatten(), reduction='none'
    )
    mean = (each * weight.flatten()).sum() / weight.sum()
    return mean + functional.cross_entropy(after, following)

  optimizer = decaying(config, 0.98)
  turn = Turn(
    loss, list(module.parameters()), optimizer, clip=1.0, average=config.average
  )
  return Peer(module, tensors, (turn,))


def tensors(batch):
  integers = lambda leaf: torch.tensor(np.asarray(leaf, np.int64))
  read = [integers(batch.x[name]) for name in ('tokens', 'segments', 'lengths')]
  return (*read, integers(batch.y['next']))


def carried(params):
  """Lays our parameters out in the order of the module's; the read-out is tied."""
  yield params['bias']  # a parameter of the module itself comes before its layers'
  yield from stacked(params['encoder'])
  for name in ('words', 'places', 'segments'):
    yield params[name]['embedding']
  yield from norm(params['norm'])
  yield from dense(params['pooler'])
  yield from dense(params['transform'])
  yield from norm(params['transform_norm'])
  yield from dense(params['next'])
