"""Names of a GPT in files of Hugging Face: GPT2LMHeadModel, OpenAIGPTLMHeadModel.

Their dense layers are `Conv1D`, whose matrices have our layout; one of them computes
queries, keys and values. The output layer is tied to the token embedding, so files lack
it. Files of 2019 lack the prefix too, and contain masks. `gelu` of a GPT-1 is the
approximation by tanh.
"""

from dl_core.models import gpt
from dl_core.models.weights import stored
from dl_core.models.weights.stored import Row
from dl_core.models.weights.transformer import projections
from dl_core.types import Names

PREFIX = 'transformer.'
ACTIVATIONS = {'gelu': ('gelu',), 'gelu_tanh': ('gelu_new', 'gelu_pytorch_tanh')}


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
  fused = f'{block}.attn.c_attn'
  table |= projections(
    'stack.blocks.attention', f'{fused}.weight', f'{fused}.bias', stored.plain
  )
  return Names(
    {'transformers': table},
    heads=(),
    settings={
      'activation_function': ACTIVATIONS[model.size.activation],
      'afn': ('gelu',) if model.size.activation == 'gelu_tanh' else (),
      'layer_norm_epsilon': (1e-5,),
      'n_head': (model.size.heads,),
      'scale_attn_by_inverse_layer_idx': (False,),
    },
    spare=('*.attn.bias', '*.attn.masked_bias', '*position_ids'),
    tied={'lm_head.weight': f'{PREFIX}{words}.weight'},
    prefixes=(PREFIX,),
    aliases={'gamma': 'weight', 'beta': 'bias', 'g': 'weight', 'b': 'bias'},
  )
