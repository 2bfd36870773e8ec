"""A recurrent network that reads a sentence and says its class, once, at the end.

Many inputs, one output: an embedding of the tokens, stacked recurrent layers, and a
pooling of their outputs over time that ends in one vector. The lectures read the last
hidden state; a mean takes all steps alike; attention learns which steps count, with
the weights softmax(v · tanh(W h_t)) of "Neural machine translation by jointly learning
to align and translate" (Bahdanau et al. 2015, https://arxiv.org/abs/1409.0473) where
there is no query, as in Yang et al. 2016 (https://aclanthology.org/N16-1174).

Shapes: B sentences, T tokens, V tokens in the vocabulary, E numbers that embed a token,
H hidden units of all directions together, K classes.
"""

import functools

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import hashed, readout, recurrent, sequences
from dl_core.types import Array

PARTITION = recurrent.PARTITION  # see `Experiment.partition`
POOLS = ('last', 'mean', 'attention')


class RecurrentClassifier(nn.Module):
  """Embedding, recurrent layers, pooling, read-out.

  With V = 13,520, E = 300, two directions of 256 units, attention, a head of 256 and
  K = 2, as in flax's example of SST-2, it has 5,460,098 parameters.

  Attributes:
    vocabulary: V.
    classes: K.
    cell: 'lstm', 'gru' or 'rnn'.
    layers: number of recurrent layers.
    hidden: units of each layer and direction.
    bidirectional: whether each layer reads from both ends.
    pool: one of `POOLS`.
    embedding: E.
    head: tanh units between the pooling and the read-out; 0: none.
    dropout: rate, on embeddings, between layers, and before and after the pooling.
    word_dropout: rate at which a token of training becomes `unknown`.
    unknown: the token of words that the vocabulary lacks; None: there is none.
    grams: the longest n-grams of tokens that are embedded beside the tokens; 1: none.
  """

  vocabulary: int
  classes: int
  cell: str = 'lstm'
  layers: int = 1
  hidden: int = 128
  bidirectional: bool = False
  pool: str = 'last'
  embedding: int = 64
  head: int = 0
  dropout: float = 0.0
  word_dropout: float = 0.0
  unknown: int | None = None
  grams: int = 1

  def setup(self):
    start = nn.initializers.normal(0.1)
    self.embed = nn.Embed(self.vocabulary, self.embedding, embedding_init=start)
    if self.grams > 1:
      self.around = hashed.Ngrams(self.embedding, self.grams, dropout=self.dropout)
    self.recurrent = sequences.Stacked(
      functools.partial(sequences.CELLS[self.cell], self.hidden),
      self.layers,
      bidirectional=self.bidirectional,
      dropout=self.dropout,
    )
    self.drop = nn.Dropout(self.dropout)
    if self.pool == 'attention':
      self.key = nn.Dense(self.hidden, use_bias=False)
      self.score = nn.Dense(1, use_bias=False)
    if self.head:
      self.inner = nn.Dense(self.head)
    self.output = readout.Readout(self.classes)

  def __call__(self, x: dict[str, Array], *, train: bool) -> Array:
    """Maps {tokens [B, T], lengths [B]} to logits [B, K].

    What stands after the end of a sentence changes nothing.
    """
    state, h = self.read(x, train)
    if self.pool == 'last':
      pooled = self.recurrent.said(state).astype(h.dtype)  # states are float32
    elif self.pool == 'mean':
      count = jnp.maximum(x['lengths'], 1)[:, None].astype(h.dtype)
      pooled = jnp.sum(h, axis=1) / count  # h is 0 after the end
    else:
      pooled = jnp.einsum('bt,bth->bh', self.weights(h, x['lengths'], train), h)
    pooled = self.drop(pooled, deterministic=not train)
    if self.head:
      pooled = self.drop(nn.tanh(self.inner(pooled)), deterministic=not train)
    return self.output(pooled)

  def attention(self, x: dict[str, Array], *, train: bool = False) -> Array:
    """Maps {tokens [B, T], lengths [B]} to the weights [B, T] of the tokens."""
    _, h = self.read(x, train)
    return self.weights(h, x['lengths'], train)

  def read(self, x, train):
    """Returns the last states of all layers, and the outputs h [B, T, H]."""
    tokens = x['tokens']
    if train and self.word_dropout and self.unknown is not None:
      hidden = jax.random.bernoulli(
        self.make_rng('dropout'), self.word_dropout, tokens.shape
      )
      tokens = jnp.where(hidden, self.unknown, tokens)
    embedded = self.embed(tokens)
    if self.grams > 1:
      embedded += self.around(tokens, x['lengths'], train=train)
    embedded = self.drop(embedded, deterministic=not train)
    return self.recurrent(embedded, lengths=x['lengths'], train=train)

  def weights(self, h, lengths, train):
    """Returns weights [B, T] of outputs h [B, T, H]: 0 after the end, in all 1."""
    h = self.drop(h, deterministic=not train)
    scores = self.score(nn.tanh(self.key(h)))[..., 0].astype(jnp.float32)
    inside = jnp.arange(h.shape[1])[None] < lengths[:, None]
    return nn.softmax(jnp.where(inside, scores, -1e9), axis=-1).astype(h.dtype)
