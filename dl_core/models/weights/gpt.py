"""Names of a GPT in files of Hugging Face: GPT2LMHeadModel, OpenAIGPTLMHeadModel.

Their dense layers are `Conv1D`, whose matrices lie as ours do, and queries, keys and
values are the thirds of one. The head is tied to the embedding of the tokens, so files
lack it, and the files of 2019 lack the prefix and have masks.
"""

from dl_core.models import gpt
from dl_core.models.weights import stored
from dl_core.models.weights.stored import Row
from dl_core.models.weights.transformer import PARTS
from dl_core.types import Names

PREFIX = 'transformer.'


def names(model: gpt.GPT) -> Names:
  """Returns the table of a model."""
  first = model.size.order == 'post'
  words, places = ('tokens_embed', 'positions_embed') if first else ('wte', 'wpe')
  block = f'{PREFIX}h.{{n}}'
  each = lambda name: stored.stacked(stored.plain(f'{block}.{name}'))
  table: dict[str, Row] = {
    'embedding': f'{PREFIX}{words}',
    'positions.table': stored.plain(f'{PREFIX}{places}.weight'),
    'stack.last_norm': f'{PREFIX}ln_f',
    'stack.blocks.attention.output': each('attn.c_proj'),
    'stack.blocks.attention_norm': each('ln_1'),
    'stack.blocks.mlp_norm': each('ln_2'),
    'stack.blocks.up': each('mlp.c_fc'),
    'stack.blocks.down': each('mlp.c_proj'),
  }
  for number, name in enumerate(PARTS):
    for kind, array in (('kernel', 'weight'), ('bias', 'bias')):
      whole = stored.part(f'{block}.attn.c_attn.{array}', number, len(PARTS))
      table[f'stack.blocks.attention.{name}.{kind}'] = stored.stacked(
        stored.plain(whole)
      )
  return Names(
    {'transformers': table},
    heads=(),
    settings={
      'activation_function': ('gelu_new',),
      'afn': ('gelu',),
      'layer_norm_epsilon': (1e-5,),
      'n_head': (model.size.heads,),
      'scale_attn_by_inverse_layer_idx': (False,),
    },
    spare=('*.attn.bias', '*.attn.masked_bias', '*position_ids'),
    tied={'lm_head.weight': f'{PREFIX}{words}.weight'},
    prefixes=(PREFIX,),
    aliases={'gamma': 'weight', 'beta': 'bias', 'g': 'weight', 'b': 'bias'},
  )
