"""Names of a classifier of sentences in files of PyTorch.

There it is a module with `embed` (an `nn.Embedding`), `rnn` (an `nn.LSTM`, `nn.GRU` or
`nn.RNN`), and `key`, `score`, `inner` and `output`, each an `nn.Linear`. With n-grams
it also has `gram_2`, `gram_3` ..., each an `nn.Embedding` of the rows that
`layers.hashed` finds.
"""

from dl_core.models import recurrent_classifier
from dl_core.models.weights import recurrent, stored
from dl_core.types import Names


def names(model: recurrent_classifier.RecurrentClassifier) -> Names:
  """Returns the table of a model."""
  layers = recurrent.rows(
    model.cell, 'recurrent.recurrent_{n}', bidirectional=model.bidirectional
  )
  plain = {'embed.embedding': stored.plain('embed.weight'), 'output': 'output'}
  pool = {'key': 'key', 'score': 'score'} if model.pool == 'attention' else {}
  head = {'inner': 'inner'} if model.head else {}
  grams = {
    f'around.gram_{n}.embedding': stored.plain(f'gram_{n}.weight')
    for n in range(2, model.grams + 1)
  }
  return Names({'PyTorch': layers | plain | pool | head | grams})
