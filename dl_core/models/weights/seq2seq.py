"""Names of an encoder and a decoder in files of PyTorch.

There are two modules, `encoder` and `decoder`, each with an nn.LSTM, nn.GRU or nn.RNN
called `rnn` and, unless tokens are read one-hot, an nn.Embedding called `embedding`;
`decoder.fc_out` is the output layer. Without attention these are the names of
https://github.com/bentrevett/pytorch-seq2seq. See `recurrent` for the biases.
"""

from dl_core.models import seq2seq
from dl_core.models.weights import recurrent, stored
from dl_core.models.weights.stored import Row
from dl_core.types import Names


def names(model: seq2seq.Seq2Seq) -> Names:
  """Returns the table of a model."""
  reads = recurrent.rows(
    model.cell, 'encoder.recurrent_{n}', 'encoder.rnn', model.bidirectional
  )
  writes = recurrent.rows(model.cell, 'decoder.recurrent_{n}', 'decoder.rnn')
  table: dict[str, Row] = {**reads, **writes, 'output': 'decoder.fc_out'}
  if model.embedding:
    table |= {
      'read_embedding': stored.plain('encoder.embedding'),
      'written_embedding': stored.plain('decoder.embedding'),
    }
  if model.attention == 'additive':
    table |= {
      'scores.query': 'decoder.attention.query',
      'scores.key': 'decoder.attention.key',
      'scores.score': 'decoder.attention.v',
    }
    if model.bidirectional:
      table |= {'bridge_{n}': 'bridge.{n}'}
  return Names({'PyTorch': table})
