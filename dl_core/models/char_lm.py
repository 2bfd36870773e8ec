"""A recurrent character-level language model: predicts the next token from the past.

Karpathy, "The unreasonable effectiveness of recurrent neural networks", 2015; dropout
as in Zaremba, Sutskever & Vinyals, "Recurrent neural network regularization", 2014
(https://arxiv.org/abs/1409.2329): it hits what goes up from layer to layer and never
what goes on in time, so that it does not wash out what is remembered.

Shapes: B texts, T tokens of each, V tokens in the vocabulary, H hidden units.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from dl_core import trees
from dl_core.layers import readout, sequences
from dl_core.types import Array

PARTITION = sequences.PARTITION | {
  'output.kernel': ('tensor', None)
}  # see `Experiment.partition`


class CharLM(nn.Module):
  """Stacked recurrent layers and a linear read-out: 3,316,289 parameters if V = 65.

  The tokens are read one-hot: no embedding stands before the first layer.

  Attributes:
    vocabulary: V.
    cell: a name of `sequences.CELLS`.
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
    self.stack = self.stacked()
    nn.share_scope(self, self.stack)  # its layers are named as if they were ours
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
    return self.stacked(parent=None).start(batch_size)

  @nn.nowrap
  def parameters(self) -> int:
    """Returns the number of parameters."""
    tokens = jax.ShapeDtypeStruct((1, 1), jnp.int32)
    init = functools.partial(self.init, train=False)
    shapes = jax.eval_shape(init, jax.random.key(0), tokens)
    return trees.size(shapes)

  @nn.nowrap
  def stacked(self, **how) -> sequences.Stacked:
    """Makes the recurrent layers."""
    layer = functools.partial(sequences.CELLS[self.cell], self.hidden)
    return sequences.Stacked(
      layer, self.layers, self.vocabulary, dropout=self.dropout, **how
    )

  def read(
    self, state: Any, x: Array, train: bool, last: bool = False
  ) -> tuple[Any, Array]:
    state, h = self.stack(x, state, train=train)
    h = self.stack.dropped(h, train)
    return state, self.output(h[:, -1] if last else h)
