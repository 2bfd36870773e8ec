"""Recurrent layers in both directions, and one on top of the other.

Schuster & Paliwal, "Bidirectional recurrent neural networks", 1997; dropout between
layers as in Zaremba, Sutskever & Vinyals, 2014 (https://arxiv.org/abs/1409.2329): it
hits what goes up from layer to layer and never what goes on in time.

Shapes: B sequences, T steps, D inputs, V tokens, H hidden units of each direction, K
directions.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from dl_core.layers import recurrent
from dl_core.types import Array

PARTITION = recurrent.PARTITION
CELLS: Mapping[str, Any] = {
  'lstm': recurrent.LSTM,
  'gru': recurrent.GRU,
  'rnn': recurrent.RNN,  # tanh
  'rnn_sigmoid': functools.partial(recurrent.RNN, activation='sigmoid'),
  'rnn_relu': functools.partial(recurrent.RNN, activation='relu'),
  'rnn_identity': functools.partial(recurrent.RNN, activation='identity'),
}
Layer = Callable[..., nn.Module]  # (vocabulary=, reverse=) -> a layer of `recurrent`


class Bidirectional(nn.Module):
  """Two layers over the same sequence, one from each end; their outputs side by side.

  What is said of a step knows the whole sequence, so nothing that generates may use it.

  Attributes:
    layer: of each direction, such as partial(recurrent.LSTM, 64).
    vocabulary: V, if x holds tokens.
  """

  layer: Layer
  vocabulary: int | None = None

  def setup(self):
    self.forward = self.layer(vocabulary=self.vocabulary)
    self.backward = self.layer(vocabulary=self.vocabulary, reverse=True)

  def __call__(
    self, x: Array, state: Any = None, lengths: Array | None = None
  ) -> tuple[Any, Array]:
    """Maps [B, T, D], or tokens [B, T], to (last states, all h [B, T, 2H]).

    Args:
      x: the inputs.
      state: (forward's, backward's) first states; zero if left out.
      lengths: [B], number of steps of each sequence; T if left out.

    Returns:
      The states of both directions after their last step, which is the first step of
      the sequence for the backward one; and h, forward's first.
    """
    there, back = (None, None) if state is None else state
    there, ahead = self.forward(x, there, lengths)
    back, behind = self.backward(x, back, lengths)
    return (there, back), jnp.concatenate([ahead, behind], axis=-1)

  @nn.nowrap
  def said(self, state: Any) -> Array:
    """Returns what both directions say after their last step [B, 2H]."""
    one = self.layer(parent=None)
    return jnp.concatenate([one.said(each) for each in state], axis=-1)

  @nn.nowrap
  def start(self, batch_size: int) -> Any:
    """Returns the states of B sequences before their first step: zero."""
    one = self.layer(parent=None).start(batch_size)
    return one, one


class Stacked(nn.Module):
  """L recurrent layers, each of which reads what the one below says.

  Attributes:
    layer: of each level and direction, such as partial(recurrent.LSTM, 64).
    layers: L.
    vocabulary: V, if x holds tokens.
    bidirectional: whether each level reads from both ends.
    dropout: rate, on what goes up from layer to layer; the last layer's outputs are not
      dropped.
  """

  layer: Layer
  layers: int = 1
  vocabulary: int | None = None
  bidirectional: bool = False
  dropout: float = 0.0

  def setup(self):
    sizes = [self.vocabulary] + [None] * (self.layers - 1)
    self.recurrent = [self.level(vocabulary=size) for size in sizes]
    self.drop = nn.Dropout(self.dropout)

  @nn.nowrap
  def level(self, **how) -> nn.Module:
    """Makes the layer of one level."""
    return Bidirectional(self.layer, **how) if self.bidirectional else self.layer(**how)

  def __call__(
    self,
    x: Array,
    state: Any = None,
    lengths: Array | None = None,
    *,
    train: bool = False,
  ) -> tuple[Any, Array]:
    """Maps [B, T, D], or tokens [B, T], to (last states, all h [B, T, K·H]).

    Args:
      x: the inputs.
      state: the first state of every level; zero if left out.
      lengths: [B], number of steps of each sequence; T if left out.
      train: whether dropout is applied.

    Returns:
      The last state of every level, and h of the highest.
    """
    states = []
    state = (None,) * self.layers if state is None else state
    for number, (layer, before) in enumerate(zip(self.recurrent, state, strict=True)):
      if number:
        x = self.dropped(x, train)
      after, x = layer(x, before, lengths)
      states.append(after)
    return tuple(states), x

  def dropped(self, x: Array, train: bool) -> Array:
    """Applies the dropout to x, such as the outputs of the highest level."""
    return self.drop(x, deterministic=not train)

  @nn.nowrap
  def said(self, state: Any) -> Array:
    """Returns what the highest level says after its last step [B, K·H]."""
    return self.level(parent=None).said(state[-1])

  @nn.nowrap
  def start(self, batch_size: int) -> Any:
    """Returns the states of B sequences before their first step: zero."""
    return (self.level(parent=None).start(batch_size),) * self.layers
