"""A recurrent network that reads a sequence and answers with numbers after its end.

Many to one: the last hidden state is all that the answer is made of.

Shapes: B sequences, T steps, D inputs, H hidden units, K answers.
"""

import functools

from flax import linen as nn

from dl_core.layers import readout, sequences
from dl_core.types import Array

PARTITION = sequences.PARTITION  # see `Experiment.partition`


class RecurrentRegressor(nn.Module):
  """One or more recurrent layers and a linear read-out of the last state.

  Attributes:
    cell: a name of `sequences.CELLS`.
    layers: how many are stacked.
    hidden: H of each layer.
  """

  cell: str = 'lstm'
  layers: int = 1
  hidden: int = 64

  @nn.compact
  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps sequences [B, T, D] to answers [B]."""
    layer = functools.partial(sequences.CELLS[self.cell], self.hidden)
    stack = sequences.Stacked(layer, self.layers, name='stack')
    state, h = stack(x, train=train)
    last = stack.said(state).astype(h.dtype)  # states are float32
    return readout.Readout(1, name='output')(last)[:, 0]
