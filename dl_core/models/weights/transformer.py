"""Names of a Transformer's layers in files of PyTorch.

There it is a module with an `nn.Transformer` called `transformer`, and beside it the
nn.Embedding `source_embedding` and `target_embedding`, learned positions as
nn.Embedding, and an nn.Linear `readout`; what a model ties has one name, the target's.
`blocks` has the rows of any stack of nn.TransformerEncoderLayer or -DecoderLayer. One
matrix there maps to queries, keys and values, one below the other.

Layers of nn.Transformer are followed by a norm, `final_norm` here; the paper's are not.
Nothing in a file says whether norms stand before or after (norm_first), how many heads
there are, or which activation is computed.
"""

from collections.abc import Callable

from dl_core.models import transformer
from dl_core.models.weights import recurrent, stored
from dl_core.models.weights.stored import Row
from dl_core.types import Names

PARTS = ('query', 'key', 'value')


def projections(
  here: str, weight: str, bias: str, change: Callable[[Row], Row] = stored.of
) -> dict[str, Row]:
  """Returns the rows of queries, keys and values that are fused in a file.

  Args:
    here: path of a `MultiHead` in a stack.
    weight, bias: names of the two arrays there, {n} being the number of the layer.
    change: of each row, such as `stored.plain`.
  """
  return {
    f'{here}.{name}.{kind}': stored.stacked(change(stored.part(array, k, len(PARTS))))
    for k, name in enumerate(PARTS)
    for kind, array in (('kernel', weight), ('bias', bias))
  }


def attention(here: str, there: str) -> dict[str, Row]:
  """Returns the rows of an nn.MultiheadAttention in each of stacked layers."""
  fused = projections(here, f'{there}.in_proj_weight', f'{there}.in_proj_bias')
  return fused | {f'{here}.output': stored.stacked(f'{there}.out_proj')}


def blocks(here: str, there: str, cross: bool) -> dict[str, Row]:
  """Returns the rows that a `layers.stack.Stack` needs.

  Args:
    here: path of the stack.
    there: name of the nn.TransformerEncoder or -Decoder.
    cross: whether it is the second.
  """
  mine, theirs = f'{here}.blocks', f'{there}.layers.{{n}}'
  table = attention(f'{mine}.attention', f'{theirs}.self_attn')
  norms = ['attention', 'mlp']
  if cross:
    table |= attention(f'{mine}.cross_attention', f'{theirs}.multihead_attn')
    norms.insert(1, 'cross')
  for number, name in enumerate(norms, 1):
    table[f'{mine}.{name}_norm'] = stored.stacked(f'{theirs}.norm{number}')
  for number, name in enumerate(('up', 'down'), 1):
    table[f'{mine}.{name}'] = stored.stacked(f'{theirs}.linear{number}')
  return table | {f'{here}.last_norm': f'{there}.norm'}


def names(model: transformer.Transformer) -> Names:
  """Returns the table of a model."""
  reads: dict[str, dict[str, Row]] = {
    'transformer': blocks('reader', 'transformer.encoder', cross=False),
    'convolution': {'reader.layer_{n}': 'reader.{n}'},
    'rnn': recurrent.rows('gru', 'reader.recurrent_{n}', 'reader', bidirectional=True),
  }
  table = reads[model.encoder] | blocks('writer', 'transformer.decoder', cross=True)
  for side in ('source', 'target'):
    table |= {
      f'{side}_embedding': stored.plain(f'{side}_embedding'),
      f'{side}_positions.table': stored.plain(f'{side}_positions.weight'),
    }
  return Names({'PyTorch': table | {'readout': 'readout'}}, heads=('readout',))
