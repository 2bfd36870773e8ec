"""A small recurrent network that reads tokens and says the next: lecture 000's "hello".

h_t = tanh(W_xh x_t + W_hh h_t-1 + b_h) and z_t = W_hy h_t + b_y, where x_t is one-hot
(Elman 1990, "Finding structure in time"; min-char-rnn). With V = 4 letters and H = 3
units these are 12 + 9 + 12 = 33 weights, and 7 biases.

Shapes: B texts, T tokens, V tokens in the vocabulary, H hidden units.
"""

from flax import linen as nn

from dl_core.layers import recurrent
from dl_core.types import Array

PAST = 'recurrent_kernel'  # the name of W_hh


class Elman(nn.Module):
  """One recurrent layer and a read-out.

  Attributes:
    vocabulary: V.
    hidden: H.
    bias: whether there are b_h and b_y.
  """

  vocabulary: int
  hidden: int = 3
  bias: bool = True

  def setup(self):
    self.recurrent = recurrent.RNN(self.hidden, self.vocabulary, bias=self.bias)
    self.output = nn.Dense(self.vocabulary, use_bias=self.bias)

  def __call__(self, x: Array, *, train: bool) -> Array:
    """Maps tokens [B, T] to the logits [B, T, V] of those that come next."""
    del train
    return self.output(self.states(x))

  def states(self, x: Array) -> Array:
    """Maps tokens [B, T] to the hidden states [B, T, H]."""
    return self.recurrent(x)[1]
