"""BERT: the encoder of a Transformer that fills in what is hidden.

Devlin et al., "BERT: Pre-training of deep bidirectional transformers for language
understanding", 2019 (https://arxiv.org/abs/1810.04805). Every token sees the whole
text, so the labels are made by hiding some of it; and the first token, [CLS], says
whether the second sentence follows the first.

Shapes: B texts, T tokens, K hidden places, V tokens in the vocabulary, D features.
"""

import functools
from collections.abc import Mapping

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import readout, stack, transformer
from dl_core.layers.dropout import Dropout
from dl_core.layers.embedding import Embed
from dl_core.layers.multihead import Mask
from dl_core.models.transformer import Size
from dl_core.types import Array

SIZES: Mapping[str, Size] = {
  'tiny': Size(2, 128, 2, 512),
  'mini': Size(4, 256, 4, 1_024),
  'small': Size(4, 512, 8, 2_048),
  'medium': Size(8, 512, 8, 2_048),
  'base': Size(12, 768, 12, 3_072),
  'large': Size(24, 1_024, 16, 4_096),
}
SEGMENTS = 2
EPSILON = 1e-12
INIT = nn.initializers.truncated_normal(0.02)
PARTITION = {  # see `Experiment.partition`
  **stack.PARTITION,
  'words.embedding': ('tensor', None),
}


class Encoder(nn.Module):
  """The layers that read a text, which every head shares.

  Attributes:
    vocabulary: V.
    size: L, D, H and F.
    positions: tokens of the longest text.
    order: where layer norm stands; 'post' is the paper's.
    dropout: rate.
  """

  vocabulary: int
  size: Size = SIZES['base']
  positions: int = 512
  order: str = 'post'
  dropout: float = 0.1

  def setup(self):
    layers, width, heads, hidden = self.size
    embed = functools.partial(Embed, width=width, embedding_init=INIT)
    self.words = embed(self.vocabulary)
    self.places, self.segments = embed(self.positions), embed(SEGMENTS)
    self.norm = nn.LayerNorm(epsilon=EPSILON)
    block = functools.partial(
      transformer.Block,
      width,
      heads,
      hidden,
      self.order,
      activation='gelu',
      dropout=self.dropout,
      epsilon=EPSILON,
      kernel_init=INIT,
    )
    self.encoder = stack.Stack(block, layers, self.order == 'pre')
    self.pooler = nn.Dense(width, kernel_init=INIT)
    self.drop = Dropout(self.dropout)

  def __call__(self, x: dict[str, Array], *, train: bool = False) -> Array:
    """Maps texts to features [B, T, D].

    Args:
      x: tokens, segments [B, T], of segments 0 and 1, and lengths [B].
      train: whether dropout is applied.
    """
    tokens = x['tokens']
    places = self.places(jnp.arange(tokens.shape[1]))[None]
    h = self.words(tokens) + places + self.segments(x['segments'])
    h = self.drop(self.norm(h), train=train)
    return self.encoder(h, Mask(lengths=x['lengths']), train=train)[0]

  def pooled(self, h: Array) -> Array:
    """Maps features [B, T, D] to those of the whole text [B, D], by its [CLS]."""
    return self.pool(h[:, 0])

  def pool(self, h: Array) -> Array:
    """Maps one vector of each text [B, D] to the features of the whole text [B, D]."""
    return jnp.tanh(self.pooler(h))


class BERT(nn.Module):
  """An encoder with the heads of its pre-training.

  With V = 30,522 and 512 positions: 110,106,428 parameters of 'base', 336,226,108 of
  'large'. The parameters of the encoder stand beside those of the heads.

  Attributes:
    body: the encoder.
  """

  body: Encoder

  def setup(self):
    nn.share_scope(self, self.body)
    self.transform = nn.Dense(self.body.size.width, kernel_init=INIT)
    self.transform_norm = nn.LayerNorm(epsilon=EPSILON)
    self.bias = self.param('bias', nn.initializers.zeros, (self.body.vocabulary,))
    self.next = readout.Readout(2, kernel_init=INIT)

  def __call__(self, x: dict[str, Array], *, train: bool) -> dict[str, Array]:
    """Predicts the hidden tokens and whether the second passage is random.

    Args:
      x: see `Encoder`; and places [B, K], those whose tokens are wanted.
      train: whether dropout is applied.

    Returns:
      masked: logits [B, K, V] of the tokens there; next: logits [B, 2], the second of
      which is for a random sentence.
    """
    h = self.encode(x, train)
    rows = jnp.take_along_axis(h, x['places'][..., None], axis=1)  # [B, K, D]
    rows = self.transform_norm(nn.gelu(self.transform(rows), approximate=False))
    return {
      'masked': self.body.words.logits(rows) + self.bias[None, None],
      'next': self.next(self.body.pooled(h)),
    }

  def encode(self, x: dict[str, Array], train: bool = False) -> Array:
    """Maps texts to features [B, T, D]; see `Encoder`."""
    return self.body(x, train=train)
