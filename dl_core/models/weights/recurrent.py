"""Names of recurrent layers in files of PyTorch.

`rows` has those of any `sequences.Stacked`, which is an `nn.LSTM`, `nn.GRU` or `nn.RNN`
there; `names` those of a character model, there a module with `rnn`, which reads
one-hot tokens, and `output`, an `nn.Linear`. The gates have the same order here (i, f,
g, o of an LSTM; r, z, n of a GRU, which resets after the product in both), and the
transposed kernels are the same. PyTorch has two biases where one is enough: they are
added here, and what is exported has the sum in `bias_ih` and zeros in `bias_hh`. A
GRU's last third of `bias_hh`, inside the reset, is no such term: it is our
`recurrent_bias`.

Nothing in a file says whether an `nn.RNN` squashes by tanh or by ReLU
(nonlinearity='relu').
"""

from dl_core.models import char_lm
from dl_core.models.weights import stored
from dl_core.models.weights.stored import Row, Stored, Term
from dl_core.types import Names

WAYS = {'': ''}
BOTH_WAYS = {'.forward': '', '.backward': '_reverse'}


def rows(
  cell: str,
  here: str = 'recurrent_{n}',
  there: str = 'rnn',
  bidirectional: bool = False,
) -> dict[str, Row]:
  """Returns the rows of a table of names that stacked recurrent layers need.

  Args:
    cell: a name of `sequences.CELLS`.
    here: path of a layer, {n} being its number.
    there: name of the module of all layers.
    bidirectional: whether the layers are `sequences.Bidirectional`.
  """
  table: dict[str, Row] = {}
  for mine, theirs in (BOTH_WAYS if bidirectional else WAYS).items():
    layer, at = f'{here}{mine}', f'l{{n}}{theirs}'
    bias, again = f'{there}.bias_ih_{at}', f'{there}.bias_hh_{at}'
    table |= {
      f'{layer}.input_kernel': f'{there}.weight_ih_{at}',
      f'{layer}.recurrent_kernel': f'{there}.weight_hh_{at}',
      f'{layer}.bias': stored.summed(bias, again),
    }
    if cell == 'gru':
      table |= {
        f'{layer}.bias': reset(bias, again),
        f'{layer}.recurrent_bias': stored.part(again, 2, 3),
      }
  return table


def reset(bias: str, again: str) -> Stored:
  """Stores a GRU's bias: parts r and z are sums of both arrays there, part n is not."""
  r, z, n = (Term(bias, part, 3) for part in range(3))
  return Stored(((r, Term(again, 0, 3)), (z, Term(again, 1, 3)), (n,)))


def names(model: char_lm.CharLM) -> Names:
  """Returns the table of a model."""
  return Names({'PyTorch': rows(model.cell) | {'output': 'output'}})
