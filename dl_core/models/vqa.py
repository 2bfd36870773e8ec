"""A network that answers a question about an image.

Antol et al., "VQA: Visual question answering", 2015,
https://arxiv.org/abs/1505.00468: a convolutional network sees the image, an LSTM reads
the question, both become vectors of one size, and a small network answers from their
product. Without one of the two it is the paper's baseline: the other vector alone.

Shapes: B questions, H x W pixels, C channels, T tokens, V of the vocabulary, F units, K
answers.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import readout, sequences, trunk
from dl_core.types import Array

WITHOUT = ('nothing', 'image', 'question')


class VQA(nn.Module):
  """Product of what is seen and what is asked, a hidden layer, a read-out.

  Attributes:
    classes: K.
    vocabulary: V.
    widths: features of each stage of the trunk.
    pooled: stages that halve the map.
    cell: 'lstm', 'gru' or 'rnn'.
    hidden: F, also units of the recurrent layer.
    embedding: features of a word.
    dropout: rate, on the product.
    bottleneck: see `trunk.Summary`.
    without: 'nothing', or the part of the question that is left out.
    pad: the token after the end of a question.
  """

  classes: int
  vocabulary: int
  widths: Sequence[int] = (16, 32, 64)
  pooled: int = 2
  cell: str = 'lstm'
  hidden: int = 256
  embedding: int = 64
  dropout: float = 0.0
  bottleneck: int = 16
  without: str = 'nothing'
  pad: int = 0

  @nn.compact
  def __call__(self, x: Any, *, train: bool) -> Array:
    """Maps {'image': [B, H, W, C], 'question': [B, T]} to logits [B, K]."""
    parts = []
    if self.without != 'image':
      seen = trunk.Trunk(self.widths, self.pooled, name='trunk')(x['image'])
      seen = trunk.Summary(self.hidden, self.bottleneck, name='image')(seen)
      parts.append(nn.tanh(nn.LayerNorm(name='norm')(seen)))
    if self.without != 'question':
      words = nn.Embed(self.vocabulary, self.embedding, name='words')(x['question'])
      layer = sequences.CELLS[self.cell](self.hidden, name='recurrent')
      lengths = jnp.sum(x['question'] != self.pad, axis=1)
      state, _ = layer(words, lengths=lengths)
      read = layer.said(state).astype(words.dtype)
      parts.append(nn.tanh(nn.Dense(self.hidden, name='question')(read)))
    both = parts[0] * parts[-1] if len(parts) > 1 else parts[0]
    both = nn.Dropout(self.dropout)(both, deterministic=not train)
    both = nn.relu(nn.Dense(self.hidden, name='both')(both))
    return readout.Readout(self.classes, name='output')(both)
