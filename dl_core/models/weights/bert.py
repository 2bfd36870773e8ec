"""Names of BERT's layers in files of Hugging Face: BertForPreTraining, BertModel.

The reading matrix of the words is tied to their embedding, so files may lack it. Files
of 2018 call the parameters of norms gamma and beta.
"""

from dl_core.models import bert
from dl_core.models.weights import stored
from dl_core.models.weights.stored import Row
from dl_core.types import Names

PREFIX = 'bert.'
BLOCK = {
  'attention.query': 'attention.self.query',
  'attention.key': 'attention.self.key',
  'attention.value': 'attention.self.value',
  'attention.output': 'attention.output.dense',
  'attention_norm': 'attention.output.LayerNorm',
  'up': 'intermediate.dense',
  'down': 'output.dense',
  'mlp_norm': 'output.LayerNorm',
}


def names(body: bert.Encoder) -> Names:
  """Returns the table of a BERT with this encoder, its norms after each addition."""
  block = f'{PREFIX}encoder.layer.{{n}}'
  table: dict[str, Row] = {
    f'encoder.blocks.{mine}': stored.stacked(f'{block}.{theirs}')
    for mine, theirs in BLOCK.items()
  }
  embeddings = {
    'words': 'word_embeddings',
    'places': 'position_embeddings',
    'segments': 'token_type_embeddings',
    'norm': 'LayerNorm',
  }
  table |= {mine: f'{PREFIX}embeddings.{theirs}' for mine, theirs in embeddings.items()}
  table |= {
    'pooler': f'{PREFIX}pooler.dense',
    'transform': 'cls.predictions.transform.dense',
    'transform_norm': 'cls.predictions.transform.LayerNorm',
    'bias': stored.plain('cls.predictions.bias'),
    'next': 'cls.seq_relationship',
  }
  return Names(
    {'transformers': table},
    heads=('transform', 'transform_norm', 'bias', 'next'),
    spare=('*position_ids',),
    settings={
      'hidden_act': ('gelu',),
      'layer_norm_eps': (bert.EPSILON,),
      'num_attention_heads': (body.size.heads,),
      'position_embedding_type': ('absolute', None),
      'is_decoder': (False,),
    },
    tied={
      'cls.predictions.decoder.weight': f'{PREFIX}embeddings.word_embeddings.weight',
      'cls.predictions.decoder.bias': 'cls.predictions.bias',
    },
    prefixes=(PREFIX,),
    aliases={'gamma': 'weight', 'beta': 'bias'},
  )
