"""Names of a character model's layers in files of PyTorch.

There it is a module with `rnn`, an `nn.LSTM`, `nn.GRU` or `nn.RNN` that reads one-hot
tokens, and `output`, an `nn.Linear`. The gates have the same order here (i, f, g, o of
an LSTM; r, z, n of a GRU, which resets after the product in both), and the transposed
kernels are the same. PyTorch has two biases where one is enough: they are added here,
and what is exported has the sum in `bias_ih` and zeros in `bias_hh`. A GRU's last third
of `bias_hh`, inside the reset, is no such term: it is our `recurrent_bias`.

Nothing in a file says whether an `nn.RNN` squashes by tanh, as it does here, or by ReLU
(nonlinearity='relu').
"""

from dl_core.models import char_lm
from dl_core.models.weights import stored
from dl_core.models.weights.stored import Stored, Term
from dl_core.types import Names

LAYER = 'recurrent_{n}'
INPUT, HIDDEN = 'rnn.bias_ih_l{n}', 'rnn.bias_hh_l{n}'
TABLE = {
  f'{LAYER}.input_kernel': 'rnn.weight_ih_l{n}',
  f'{LAYER}.recurrent_kernel': 'rnn.weight_hh_l{n}',
  f'{LAYER}.bias': stored.summed(INPUT, HIDDEN),
  'output': 'output',
}
# Parts r and z of the biases are added, part n is not.
GRU = TABLE | {
  f'{LAYER}.bias': Stored(
    (
      (Term(INPUT, 0, 3), Term(HIDDEN, 0, 3)),
      (Term(INPUT, 1, 3), Term(HIDDEN, 1, 3)),
      (Term(INPUT, 2, 3),),
    )
  ),
  f'{LAYER}.recurrent_bias': stored.part(HIDDEN, 2, 3),
}


def names(model: char_lm.CharLM) -> Names:
  """Returns the table of a model."""
  return Names({'PyTorch': GRU if model.cell == 'gru' else TABLE})
