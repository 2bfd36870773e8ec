"""Names of a Vision Transformer's layers in files of torchvision and timm."""

from dl_core.models import vit
from dl_core.models.weights import stored
from dl_core.models.weights.stored import Row
from dl_core.models.weights.transformer import projections
from dl_core.types import Names


def blocks(there: str, parts: dict[str, str], fused: tuple[str, str]) -> dict[str, Row]:
  """Returns the rows of the encoder's blocks.

  Args:
    there: what the name of a block is, {n} being its number.
    parts: {layer of a block here: there}.
    fused: arrays there with the weights and biases of queries, keys and values.
  """
  weight, bias = (f'{there}.{array}' for array in fused)
  return projections('encoder.blocks.attention', weight, bias) | {
    f'encoder.blocks.{mine}': stored.stacked(f'{there}.{theirs}')
    for mine, theirs in parts.items()
  }


def names(model: vit.ViT) -> Names:
  """Returns the tables of a network."""
  del model  # all sizes have the same names
  torchvision = blocks(
    'encoder.layers.encoder_layer_{n}',
    {
      'attention.output': 'self_attention.out_proj',
      'attention_norm': 'ln_1',
      'mlp_norm': 'ln_2',
      'up': 'mlp.0',
      'down': 'mlp.3',
    },
    ('self_attention.in_proj_weight', 'self_attention.in_proj_bias'),
  )
  torchvision |= {
    'embedding': 'conv_proj',
    'class_token': stored.plain('class_token'),
    'positions': stored.plain('encoder.pos_embedding'),
    'encoder.last_norm': 'encoder.ln',
    'output': 'heads.head',
  }
  timm = blocks(
    'blocks.{n}',
    {
      'attention.output': 'attn.proj',
      'attention_norm': 'norm1',
      'mlp_norm': 'norm2',
      'up': 'mlp.fc1',
      'down': 'mlp.fc2',
    },
    ('attn.qkv.weight', 'attn.qkv.bias'),
  )
  timm |= {
    'embedding': 'patch_embed.proj',
    'class_token': stored.plain('cls_token'),
    'positions': stored.plain('pos_embed'),
    'encoder.last_norm': 'norm',
    'output': 'head',
  }
  return Names({'torchvision': torchvision, 'timm': timm})
