"""The Transformer: an encoder that reads and a decoder that writes, both by attention.

Vaswani et al., "Attention is all you need", 2017 (https://arxiv.org/abs/1706.03762). No
token waits for the one before it, and any two of them are one step apart. In place of
the encoder's blocks there may be the convolutions of Gehring et al., "Convolutional
sequence to sequence learning", 2017 (https://arxiv.org/abs/1705.03122), or a recurrent
network in both directions; the decoder and its attention stay the same.

Shapes: B pairs, S tokens of the source, T of the target, V tokens in a vocabulary, D
features, H heads, K features of a head, F hidden units, L layers.
"""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

from flax import linen as nn

from dl_core.layers import cache as caches
from dl_core.layers import gated, readout, sequences, stack, transformer
from dl_core.layers.attention import real
from dl_core.layers.cache import Cache
from dl_core.layers.dropout import Dropout
from dl_core.layers.embedding import Embed
from dl_core.layers.multihead import Keys, Mask
from dl_core.layers.positions import Positions
from dl_core.types import Array


class Size(NamedTuple):
  """The sides of a Transformer: L in each half, D, H and F."""

  layers: int
  width: int
  heads: int
  hidden: int


SIZES: Mapping[str, Size] = {
  'nano': Size(2, 64, 4, 256),
  'tiny': Size(3, 256, 8, 512),
  'base': Size(6, 512, 8, 2_048),
  'big': Size(6, 1_024, 16, 4_096),
}
ENCODERS = ('transformer', 'convolution', 'rnn')
TIES = ('none', 'target', 'all')
PARTITION = {  # see `Experiment.partition`
  **stack.PARTITION,
  'source_embedding.embedding': ('tensor', None),
  'target_embedding.embedding': ('tensor', None),
  'readout.kernel': (None, 'tensor'),
}


class Writing(NamedTuple):
  """A translation after some tokens.

  Attributes:
    memory: keys and values [L, B, H, S, K] of the source, for every layer.
    lengths: [B], of the sources.
    cache: of the tokens that were written.
  """

  memory: Keys
  lengths: Any
  cache: Cache


AXES = Writing(Keys(1, 1), 0, caches.AXES)  # see `Decode.axes`


class Transformer(nn.Module):
  """An encoder and a decoder.

  Attributes:
    source, target: V of each side.
    size: L, D, H and F.
    order: where layer norm stands, see `layers.transformer`; with 'pre' each half ends
      with one more.
    positions: one of `positions.KINDS`.
    most: the longest text, in tokens, that has positions.
    tied: 'all': one table embeds both languages and reads out, as in the paper, which
      wants one vocabulary; 'target': the target's reads out; 'none': a layer of its
      own, with a bias.
    encoder: one of `ENCODERS`.
    depth: layers of the encoder; None: L.
    dropout: rate.
    final_norm: whether each half ends with a norm; None: where `order` needs it.
  """

  source: int
  target: int
  size: Size = SIZES['tiny']
  order: str = 'post'
  positions: str = 'sinusoid'
  most: int = 512
  tied: str = 'all'
  encoder: str = 'transformer'
  depth: int | None = None
  dropout: float = 0.1
  final_norm: bool | None = None

  def setup(self):
    if self.tied not in TIES or (self.tied == 'all' and self.source != self.target):
      raise ValueError(f'{self.tied=} with {self.source=} and {self.target=}')
    layers, width, heads, hidden = self.size
    last = self.order == 'pre' if self.final_norm is None else self.final_norm
    block = functools.partial(
      transformer.Block, width, heads, hidden, self.order, dropout=self.dropout
    )
    depth = self.depth or layers
    reads = {
      'transformer': lambda: stack.Stack(block, depth, last),
      'convolution': lambda: gated.Convolutions(width, depth, dropout=self.dropout),
      'rnn': lambda: sequences.Stacked(
        functools.partial(sequences.CELLS['gru'], width // 2),
        depth,
        bidirectional=True,
        dropout=self.dropout,
      ),
    }
    self.reader = reads[self.encoder]()
    self.writer = stack.Stack(functools.partial(block, cross=True), layers, last)
    embed = functools.partial(
      Embed, width=width, embedding_init=nn.initializers.normal(width**-0.5)
    )
    places = functools.partial(
      Positions, self.positions, self.most, nn.initializers.normal(width**-0.5)
    )
    self.target_embedding = embed(self.target)
    if self.tied != 'all':
      self.source_embedding = embed(self.source)
    if self.tied == 'none':
      self.readout = readout.Readout(self.target)
    self.source_positions, self.target_positions = places(), places()
    self.drop = Dropout(self.dropout)

  def __call__(self, x: dict[str, Array], *, train: bool) -> Array:
    """Maps sources and targets so far to the logits [B, T, V] of what comes next.

    Args:
      x: source [B, S], the lengths [B] of the sources, and target [B, T], which begins
        with the start token (teacher forcing).
      train: whether dropout is applied.
    """
    memory = self.read(x, train)
    h, _ = self.write(x['target'], memory, x['lengths'], None, train)
    return self.logits(h)

  def read(self, x: dict[str, Array], train: bool = False) -> Keys:
    """Reads sources; returns the keys and values [L, B, H, S, K] of all layers."""
    return self.writer.project(self.encode(x, train))

  def encode(self, x: dict[str, Array], train: bool = False) -> Array:
    """Maps sources to features [B, S, D]."""
    tokens, lengths = x['source'], x['lengths']
    table = self.target_embedding if self.tied == 'all' else self.source_embedding
    h = self.embedded(table, self.source_positions, tokens, 0, train)
    if self.encoder == 'rnn':
      return self.reader(h, None, lengths, train=train)[1]
    if self.encoder == 'convolution':
      return self.reader(h, real(lengths, tokens.shape[1]), train=train)
    return self.reader(h, Mask(lengths=lengths), train=train)[0]

  def write(
    self,
    tokens: Array,
    memory: Keys,
    lengths: Array,
    cache: Cache | None,
    train: bool = False,
  ) -> tuple[Array, Cache | None]:
    """Maps tokens [B, T] of targets to features [B, T, D], and extends the cache."""
    first = 0 if cache is None else cache.filled
    h = self.embedded(
      self.target_embedding, self.target_positions, tokens, first, train
    )
    seen = Mask(lengths=lengths)
    return self.writer(h, Mask(causal=True), memory, seen, cache, train=train)

  def embedded(
    self, table: Embed, places: Positions, tokens: Array, first: Any, train: bool
  ) -> Array:
    """Embeds tokens [B, T], scaled by √D, and adds their positions."""
    scaled = table(tokens) * self.size.width**0.5
    return self.drop(places(scaled, first), train=train)

  def logits(self, h: Array) -> Array:
    """Maps features [..., D] to logits [..., V]."""
    own = self.readout if self.tied == 'none' else self.target_embedding.logits
    return own(h)

  def start(self, x: dict[str, Array], length: int) -> Writing:
    """Reads sources; returns the state before the first of `length` tokens."""
    memory, batch = self.read(x), len(x['lengths'])
    cache = self.writer.empty(batch, length, memory.keys.dtype)
    return Writing(memory, x['lengths'], cache)

  def advance(
    self, writing: Writing, tokens: Array, last: bool = False
  ) -> tuple[Writing, Array]:
    """Reads tokens [B, T] of targets; returns the logits [B, T, V] of what comes next.

    With `last` the logits are [B, V], those after the last token.
    """
    memory, lengths, before = writing
    h, cache = self.write(tokens, memory, lengths, before)
    assert cache is not None
    return Writing(memory, lengths, cache), self.logits(h[:, -1] if last else h)
