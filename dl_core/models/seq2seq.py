"""Sequence to sequence: one recurrent network reads, another writes.

Sutskever, Vinyals & Le, "Sequence to sequence learning with neural networks", 2014
(https://arxiv.org/abs/1409.3215): the last state of the encoder is the first one of the
decoder, so all of a source has to fit into it. With attention the decoder also looks at
the encoder's states of all words.

`dot` is as the lecture has it: the decoder's state, after its step, is compared with
each h_s of the encoder, and what comes out beside it goes into the output layer,

  α_ts = softmax_s(h_t · h_s)     c_t = Σ_s α_ts h_s     logits_t = W [h_t; c_t] + b

(Luong's global dot without his further layer and without feeding c on). The recurrence
does not read c, so in training it runs once over all steps, and attention is two
batched products. `additive` is Bahdanau's: c_t is looked up with h_t-1 and goes into
the cell, and the output layer reads [h_t; c_t; x_t].

Shapes: B pairs, S tokens of the source, T of the target, V tokens in a vocabulary, E
numbers of an embedding, H hidden units of the decoder, D of the encoder's outputs.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import attention, readout, recurrent, sequences
from dl_core.types import Array

ATTENTIONS = ('none', 'dot', 'additive')
PARTITION = recurrent.PARTITION | {
  'output.kernel': ('tensor', None)
}  # see `Experiment.partition`


class Memory(NamedTuple):
  """What the decoder looks at: the encoder's states; with no attention, nothing."""

  keys: Array  # [B, S, D]
  projected: Array  # [B, S, H], of additive attention
  mask: Array  # [B, S], False at padding


class Writing(NamedTuple):
  """A translation after some tokens; every leaf has its B on the first axis."""

  memory: Memory | None
  state: Any  # of the decoder's layers


class Seq2Seq(nn.Module):
  """An encoder and a decoder of recurrent layers.

  With two layers of 512, E = 256 and V of 7,853 and 5,893: 13,890,309 parameters
  without attention; with additive attention, one layer of GRU and an encoder in both
  directions 20,515,333.

  Attributes:
    source, target: V of each side.
    cell: 'lstm', 'gru' or 'rnn'.
    layers: how many are stacked, in the encoder and in the decoder.
    hidden: H. An encoder in both directions has H / 2 units in each, so that its states
      are the decoder's; with additive attention H, and dense layers between.
    embedding: E; 0: tokens are read one-hot.
    attention: one of `ATTENTIONS`.
    bidirectional: whether the encoder reads from both ends.
    dropout: rate, on embeddings, between layers and on what the output layer reads.
    spread: standard deviation of the first embeddings.
  """

  source: int
  target: int
  cell: str = 'lstm'
  layers: int = 1
  hidden: int = 128
  embedding: int = 0
  attention: str = 'dot'
  bidirectional: bool = False
  dropout: float = 0.0
  spread: float = 0.1

  def setup(self):
    cell, fed = sequences.CELLS[self.cell], self.attention == 'additive'
    halved = self.bidirectional and not fed
    if halved and self.hidden % 2:
      raise ValueError(f'{self.hidden=} is odd; both directions need the same width')
    plain = self.embedding > 0 or fed
    stack = functools.partial(
      sequences.Stacked, layers=self.layers, dropout=self.dropout
    )
    self.encoder = stack(
      functools.partial(cell, self.hidden // 2 if halved else self.hidden),
      vocabulary=None if self.embedding else self.source,
      bidirectional=self.bidirectional,
    )
    self.decoder = stack(
      functools.partial(cell, self.hidden), vocabulary=None if plain else self.target
    )
    if self.embedding:
      embed = functools.partial(
        nn.Embed,
        features=self.embedding,
        embedding_init=nn.initializers.normal(self.spread),
      )
      self.read_embedding, self.written_embedding = (
        embed(self.source),
        embed(self.target),
      )
    if fed:
      self.scores = attention.Additive(self.hidden)
      if self.bidirectional:
        parts = 2 if self.cell == 'lstm' else 1
        self.bridge = [nn.Dense(self.hidden) for _ in range(parts * self.layers)]
    self.drop = nn.Dropout(self.dropout)
    self.output = readout.Readout(self.target)

  def __call__(self, x: dict[str, Array], *, train: bool) -> Array:
    """Maps sources and targets so far to the logits [B, T, V] of what comes next.

    Args:
      x: source [B, S], the lengths [B] of the sources, and target [B, T], which begins
        with the start token (teacher forcing).
      train: whether dropout is applied.
    """
    writing = self.encode(x, train)
    _, logits, _ = self.decode(writing, x['target'], train)
    return logits

  def maps(self, x: dict[str, Array], *, train: bool = False) -> Array:
    """Returns how much [B, T, S] each step looks at each place of the source."""
    _, _, weights = self.decode(self.encode(x, train), x['target'], train)
    assert weights is not None, 'without attention it looks at nothing'
    return weights

  def encode(self, x: dict[str, Array], train: bool = False) -> Writing:
    """Reads sources; returns the state before the first token of the targets."""
    tokens, lengths = x['source'], x['lengths']
    if self.embedding:
      tokens = self.drop(self.read_embedding(tokens), deterministic=not train)
    last, keys = self.encoder(tokens, None, lengths, train=train)
    if self.bidirectional:
      last = self.joined(last, keys.dtype)
    if self.attention == 'none':
      return Writing(None, last)
    fed = self.attention == 'additive'
    projected = self.scores.project(keys) if fed else keys[..., :0]
    memory = Memory(keys, projected, attention.real(lengths, keys.shape[1]))
    return Writing(memory, last)

  def start(self, x: dict[str, Array], length: int) -> Writing:
    """Reads sources; returns the state before the first of `length` tokens."""
    del length  # a recurrent state does not grow
    return self.encode(x)

  def joined(self, last: Any, dtype: Any) -> Any:
    """Makes the decoder's first state from the last ones of both directions.

    States are float32; the layers between compute in `dtype`.
    """
    if self.attention != 'additive':
      side = lambda a, b: jnp.concatenate([a, b], axis=-1)
      return tuple(jax.tree.map(side, there, back) for there, back in last)
    dense = iter(self.bridge)

    def both(a, b):
      read = jnp.concatenate([a, b], axis=-1).astype(dtype)
      return jnp.tanh(next(dense)(read)).astype(a.dtype)

    return tuple(jax.tree.map(both, there, back) for there, back in last)

  def advance(
    self, writing: Writing, tokens: Array, last: bool = False
  ) -> tuple[Writing, Array]:
    """Reads tokens [B, T] of targets; returns the logits [B, T, V] of what comes next.

    With `last` the logits are [B, V], those after the last token.
    """
    writing, logits, _ = self.decode(writing, tokens, train=False, last=last)
    return writing, logits

  def decode(
    self, writing: Writing, tokens: Array, train: bool, last: bool = False
  ) -> tuple[Writing, Array, Array | None]:
    """Returns the state after the tokens, the logits and the attention's weights."""
    x = tokens
    if self.embedding:
      x = self.drop(self.written_embedding(tokens), deterministic=not train)
    elif self.attention == 'additive':
      assert writing.memory is not None, 'additive attention has a memory'
      x = jax.nn.one_hot(tokens, self.target, dtype=writing.memory.keys.dtype)
    fed = self.attention == 'additive'
    state, read, weights = (self.feeding if fed else self.looking)(writing, x, train)
    read = self.drop(read[:, -1] if last else read, deterministic=not train)
    return writing._replace(state=state), self.output(read), weights

  def looking(self, writing: Writing, x: Array, train: bool) -> Any:
    """Runs the recurrence over all steps; then each of them looks at the memory."""
    state, h = self.decoder(x, writing.state, train=train)
    if writing.memory is None:
      return state, h, None
    keys, _, mask = writing.memory
    weights = attention.softmax(attention.dot(h, keys), mask)
    return state, jnp.concatenate([h, attention.mixed(weights, keys)], axis=-1), weights

  def feeding(self, writing: Writing, x: Array, train: bool) -> Any:
    """Runs step by step: each looks at the memory first and reads what it found."""
    assert writing.memory is not None, 'additive attention has a memory'
    keys, projected, mask = writing.memory

    def step(model, state, x):
      query = model.decoder.said(state)[:, None].astype(keys.dtype)
      weights = attention.softmax(model.scores(query, projected), mask)
      c = attention.mixed(weights, keys)
      state, h = model.decoder(
        jnp.concatenate([x[:, None], c], axis=-1), state, train=train
      )
      read = jnp.concatenate([h[:, 0], c[:, 0], x], axis=-1)
      return state, (read, weights[:, 0])

    scan = nn.scan(
      step,
      variable_broadcast='params',
      split_rngs={'params': False, 'dropout': True},
      in_axes=1,
      out_axes=1,
    )
    state, (read, weights) = scan(self, writing.state, x)
    return state, read, weights
