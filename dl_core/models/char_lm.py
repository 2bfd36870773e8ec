"""A recurrent character-level language model: predicts the next token from the past.

Karpathy, "The unreasonable effectiveness of recurrent neural networks", 2015; dropout
as in Zaremba, Sutskever & Vinyals, "Recurrent neural network regularization", 2014
(https://arxiv.org/abs/1409.2329): it hits what goes up from layer to layer and never
what goes on in time, so that it does not wash out what is remembered.

Shapes: B texts, T tokens of each, V tokens in the vocabulary, H hidden units.
"""

from typing import Any

from flax import linen as nn

from dl_core.layers import readout, recurrent
from dl_core.types import Array

PARTITION = recurrent.PARTITION | {
  'output.kernel': ('tensor', None)
}  # see `Experiment.partition`
CELLS = {'lstm': recurrent.LSTM, 'gru': recurrent.GRU, 'rnn': recurrent.RNN}


class CharLM(nn.Module):
  """Stacked recurrent layers and a linear read-out: 3,316,289 parameters if V = 65.

  The tokens are read one-hot: no embedding stands before the first layer.

  Attributes:
    vocabulary: V.
    cell: 'lstm', 'gru' or 'rnn'.
    layers: how many are stacked.
    hidden: H of each layer.
    dropout: how much of each layer's output is dropped in training.
  """

  vocabulary: int
  cell: str = 'lstm'
  layers: int = 2
  hidden: int = 512
  dropout: float = 0.0

  def setup(self):
    layer = CELLS[self.cell]
    sizes = [self.vocabulary] + [None] * (self.layers - 1)
    self.recurrent = [layer(self.hidden, vocabulary=number) for number in sizes]
    self.drop = nn.Dropout(self.dropout)
    self.output = readout.Readout(self.vocabulary)

  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps tokens [B, T] to the logits [B, T, V] of those that come next."""
    _, logits = self.read(self.start(len(x)), x, train)
    return logits

  def advance(self, state: Any, x: Array, last: bool = False) -> tuple[Any, Array]:
    """Reads on, in evaluation mode: (state, tokens [B, T]) -> (state, [B, T, V]).

    With `last` the logits are [B, V], those after the last token.
    """
    return self.read(state, x, train=False, last=last)

  @nn.nowrap
  def start(self, batch_size: int, length: int = 0) -> Any:
    """Returns the state of B texts before their first token; needs no parameters.

    Args:
      batch_size: B.
      length: of the texts, which a recurrent state does not depend on.
    """
    del length
    layer = CELLS[self.cell](self.hidden, parent=None)
    return (layer.start(batch_size),) * self.layers

  def read(
    self, state: Any, x: Array, train: bool, last: bool = False
  ) -> tuple[Any, Array]:
    states = []
    for layer, before in zip(self.recurrent, state, strict=True):
      after, x = layer(x, before)
      x = self.drop(x, deterministic=not train)
      states.append(after)
    return tuple(states), self.output(x[:, -1] if last else x)
