"""GPT in PyTorch: nn.TransformerEncoder, which attends by its fused function; AdamW."""

import functools

import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn
from dl_core.bench.peers.char_lm import tensors
from dl_core.bench.peers.transformer import stacked
from dl_core.models.gpt import SIZES

ACTIVATIONS = {
  'gelu': functional.gelu,
  'gelu_tanh': functools.partial(functional.gelu, approximate='tanh'),
}


class GPT(nn.Module):
  def __init__(self, size, vocabulary, dropout):
    super().__init__()
    layer = nn.TransformerEncoderLayer(
      size.width,
      size.heads,
      4 * size.width,
      dropout,
      ACTIVATIONS[size.activation],
      batch_first=True,
      norm_first=size.order == 'pre',
      bias=size.use_bias,
    )
    last = nn.LayerNorm(size.width, bias=size.use_bias)
    self.encoder = nn.TransformerEncoder(
      layer,
      size.layers,
      last if size.order == 'pre' else None,
      enable_nested_tensor=False,
    )
    self.embedding = nn.Embedding(vocabulary, size.width)
    self.positions = nn.Embedding(size.window, size.width)
    self.drop = nn.Dropout(dropout)
    for table in (self.embedding, self.positions):
      nn.init.normal_(table.weight, std=0.02)
    later = torch.ones(size.window, size.window, dtype=torch.bool).triu(1)
    self.register_buffer('later', later, False)

  def forward(self, x):
    time = x.shape[1]
    h = self.drop(self.embedding(x) + self.positions.weight[:time])
    h = self.encoder(h, self.later[:time, :time], is_causal=True)
    return functional.linear(h, self.embedding.weight)


def peer(config, spec) -> Peer:
  size = SIZES[config.size]
  size = size._replace(window=config.window or size.window)
  module = GPT(size, spec.limits.x, config.dropout)

  def loss(x, y):
    return functional.cross_entropy(module(x).flatten(0, 1), y.flatten())

  optimizer = decaying(config, 0.99)
  turn = Turn(
    loss, list(module.parameters()), optimizer, clip=1.0, average=config.average
  )
  return Peer(module, tensors, (turn,))


def decaying(config, b2):
  """Makes AdamW; matrices and tables decay, biases and norms do not."""

  def optimizer(parameters, **how):
    decayed = {'params': [p for p in parameters if p.dim() > 1]}
    others = {'params': [p for p in parameters if p.dim() == 1], 'weight_decay': 0.0}
    return torch.optim.AdamW(
      [decayed, others],
      config.learning_rate,
      (0.9, b2),
      weight_decay=config.weight_decay,
      **how,
    )

  return optimizer


def carried(params):
  """Lays our parameters out in the order of the module's; the read-out is tied."""
  yield from stacked(params['stack'])
  yield params['embedding']['embedding']
  (table,) = params['positions'].values()
  yield table
