"""The Transformer in PyTorch: nn.Transformer, which attends by its fused function.

For writing, keys and values of earlier tokens are kept, and those of the source are
computed once; nn.Transformer has no such cache, so its layers are called part by part.
"""

import functools
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dl_core.bench.peers import Peer, Turn, Writer
from dl_core.bench.peers.seq2seq import tensors
from dl_core.models.transformer import SIZES


class Transformer(nn.Module):
  def __init__(self, c, source, target):
    super().__init__()
    size = SIZES[c.size]
    sides = (size.width, size.heads, size.hidden, c.dropout)
    how = {'batch_first': True, 'norm_first': c.norm == 'pre'}
    norm = lambda: nn.LayerNorm(size.width) if c.norm == 'pre' else None
    self.scale, self.heads = size.width**0.5, size.heads
    self.transformer = nn.Transformer(
      size.width,
      size.heads,
      custom_encoder=nn.TransformerEncoder(
        nn.TransformerEncoderLayer(*sides, **how),
        size.layers,
        norm(),
        enable_nested_tensor=False,
      ),
      custom_decoder=nn.TransformerDecoder(
        nn.TransformerDecoderLayer(*sides, **how), size.layers, norm()
      ),
      batch_first=True,
    )
    self.target_embedding = nn.Embedding(target, size.width)
    if source != target or not c.tied:
      self.source_embedding = nn.Embedding(source, size.width)
    if not c.tied:
      self.readout = nn.Linear(size.width, target)
    nn.init.normal_(self.target_embedding.weight, std=size.width**-0.5)
    self.drop = nn.Dropout(c.dropout)
    self.register_buffer('positions', sinusoid(max(c.longest), size.width), False)

  def embedded(self, table, tokens, first=0):
    rows = self.positions[first : first + tokens.shape[1]]
    return self.drop(table(tokens) * self.scale + rows)

  def encode(self, source, lengths):
    table = getattr(self, 'source_embedding', self.target_embedding)
    padding = torch.arange(source.shape[1]).to(lengths)[None] >= lengths[:, None]
    x = self.embedded(table, source)
    return self.transformer.encoder(x, src_key_padding_mask=padding), padding

  def logits(self, h):
    if hasattr(self, 'readout'):
      return self.readout(h)
    return functional.linear(h, self.target_embedding.weight)

  def forward(self, source, lengths, target):
    memory, padding = self.encode(source, lengths)
    steps = target.shape[1]
    later = torch.ones(steps, steps, dtype=torch.bool, device=target.device).triu(1)
    h = self.transformer.decoder(
      self.embedded(self.target_embedding, target),
      memory,
      tgt_mask=later,
      memory_key_padding_mask=padding,
      tgt_is_causal=True,
    )
    return self.logits(h)

  def start(self, source, lengths):
    """Returns the source's keys and values of every layer, its mask, and no cache."""
    memory, padding = self.encode(source, lengths)
    of_source = [
      self.projected(layer.multihead_attn, memory, 1, 3)
      for layer in self.transformer.decoder.layers
    ]
    return of_source, ~padding[:, None, None], [None] * len(of_source), 0

  def advance(self, state, tokens):
    """Reads tokens [B] after a norm-last decoder's cache; returns the next logits."""
    of_source, seen, cache, count = state
    x = self.embedded(self.target_embedding, tokens[:, None], count)
    grown = []
    for layer, memory, old in zip(
      self.transformer.decoder.layers, of_source, cache, strict=True
    ):
      q, k, v = self.projected(layer.self_attn, x, 0, 3)
      if old is not None:
        k, v = torch.cat([old[0], k], 2), torch.cat([old[1], v], 2)
      grown.append((k, v))
      x = layer.norm1(x + self.found(layer.self_attn, q, k, v))
      (q,) = self.projected(layer.multihead_attn, x, 0, 1)
      keys, values = memory
      x = layer.norm2(x + self.found(layer.multihead_attn, q, keys, values, seen))
      x = layer.norm3(x + layer.linear2(functional.relu(layer.linear1(x))))
    return (of_source, seen, grown, count + 1), self.logits(x[:, 0])

  def projected(self, attention, x, first, last):
    """Maps [B, T, D] to some of queries, keys and values [B, H, T, K]."""
    width = x.shape[-1]
    rows = slice(first * width, last * width)
    both = functional.linear(
      x, attention.in_proj_weight[rows], attention.in_proj_bias[rows]
    )
    return both.unflatten(-1, (last - first, self.heads, -1)).permute(2, 0, 3, 1, 4)

  def found(self, attention, q, k, v, seen=None):
    h = functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)
    return attention.out_proj(h.transpose(1, 2).flatten(2))


def sinusoid(most, width):
  angles = torch.arange(most)[:, None] * torch.exp(
    -math.log(10_000.0) * torch.arange(0, width, 2) / width
  )
  return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)


def peer(config, spec) -> Peer:
  most = spec.limits.x
  module = Transformer(config, most['source'], most['target'])

  def loss(source, lengths, target, y, weight):
    logits = module(source, lengths, target)
    each = functional.cross_entropy(
      logits.flatten(0, 1),
      y.flatten(),
      reduction='none',
      label_smoothing=config.smoothing,
    )
    return (each * weight.flatten()).sum() / weight.sum()

  optimizer = functools.partial(
    torch.optim.Adam, lr=config.learning_rate, betas=(0.9, 0.98), eps=1e-9
  )
  turn = Turn(
    loss, list(module.parameters()), optimizer, clip=1.0, average=config.average
  )
  return Peer(module, tensors, (turn,))


def writer(config, spec) -> Writer:
  most = spec.limits.x
  module = Transformer(config, most['source'], most['target'])

  def of(x):
    return tuple(
      torch.tensor(np.asarray(x[name], np.int64)) for name in ('source', 'lengths')
    )

  return Writer(module, of, module.start, module.advance, spec.batch.y.shape[1])


def carried(params):
  """Lays our parameters out in the order of the module's; the embeddings are tied."""
  yield from stacked(params['reader'])
  yield from stacked(params['writer'], cross=True)
  yield np.asarray(params['target_embedding']['embedding'])
  if 'source_embedding' in params:
    yield np.asarray(params['source_embedding']['embedding'])


def stacked(stack, cross=False):
  """Lays out a stack of blocks, and the norm after the last one if there is one."""
  blocks = stack['blocks']
  for layer in range(len(blocks['up']['kernel'])):
    own = {name: parts(blocks[name], layer) for name in blocks}
    for name in ['attention', 'cross_attention'] if cross else ['attention']:
      yield from attention(own[name])
    for name in ('up', 'down'):
      yield from dense(own[name])
    for name in ['attention', 'cross', 'mlp'] if cross else ['attention', 'mlp']:
      yield from norm(own[f'{name}_norm'])
  if 'last_norm' in stack:
    yield from norm(stack['last_norm'])


def parts(tree, layer):
  """Returns one layer of stacked parameters."""
  if isinstance(tree, dict):
    return {name: parts(leaf, layer) for name, leaf in tree.items()}
  return np.asarray(tree[layer])


def attention(own):
  names = ('query', 'key', 'value')
  yield np.concatenate([own[name]['kernel'].T for name in names])
  if 'bias' in own['query']:
    yield np.concatenate([own[name]['bias'] for name in names])
  yield from dense(own['output'])


def dense(layer):
  yield layer['kernel'].T
  if 'bias' in layer:
    yield layer['bias']


def norm(layer):
  yield np.asarray(layer['scale'])
  if 'bias' in layer:
    yield np.asarray(layer['bias'])
