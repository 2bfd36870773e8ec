"""A Vision Transformer of torchvision or timm has the same logits here."""

import collections
import functools

import jax
import numpy as np
import pytest

from dl_core import trees
from dl_core.models import transformer, vit
from dl_core.models.weights import exchange, files
from dl_core.models.weights import vit as names
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
nn = torch.nn

SIZE = transformer.Size(layers=2, width=12, heads=3, hidden=20)
CLASSES, SIDE, PATCH = 5, 8, 4
norm = functools.partial(nn.LayerNorm, SIZE.width, eps=1e-6)


class Block(nn.Module):
  def __init__(self):
    super().__init__()
    self.ln_1, self.ln_2 = norm(), norm()
    self.self_attention = nn.MultiheadAttention(
      SIZE.width, SIZE.heads, batch_first=True
    )
    self.mlp = nn.Sequential(
      nn.Linear(SIZE.width, SIZE.hidden),
      nn.GELU(),
      nn.Identity(),
      nn.Linear(SIZE.hidden, SIZE.width),
    )

  def forward(self, x):
    h = self.ln_1(x)
    x = x + self.self_attention(h, h, h)[0]
    return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
  def __init__(self, places):
    super().__init__()
    self.pos_embedding = nn.Parameter(torch.zeros(1, places, SIZE.width))
    blocks = [(f'encoder_layer_{n}', Block()) for n in range(SIZE.layers)]
    self.layers = nn.Sequential(collections.OrderedDict(blocks))
    self.ln = norm()

  def forward(self, x):
    return self.ln(self.layers(x + self.pos_embedding))


class Twin(nn.Module):
  def __init__(self):
    super().__init__()
    self.conv_proj = nn.Conv2d(3, SIZE.width, PATCH, PATCH)
    self.class_token = nn.Parameter(torch.zeros(1, 1, SIZE.width))
    self.encoder = Encoder((SIDE // PATCH) ** 2 + 1)
    head = [('head', nn.Linear(SIZE.width, CLASSES))]
    self.heads = nn.Sequential(collections.OrderedDict(head))

  def forward(self, x):
    tokens = self.conv_proj(x).flatten(2).transpose(1, 2)
    start = self.class_token.expand(len(x), -1, -1)
    return self.heads(self.encoder(torch.cat([start, tokens], 1))[:, 0])


@pytest.mark.parametrize('library', ['torchvision', 'timm'])
def test_a_file_of_a_library_has_the_same_logits_and_goes_back(library, tmp_path):
  torch.manual_seed(0)
  module = Twin()
  with torch.no_grad():
    for parameter in module.parameters():
      parameter.add_(0.3 * torch.randn_like(parameter))
  arrays = {name: one.detach().numpy() for name, one in module.state_dict().items()}
  if library == 'timm':
    arrays = {renamed(name): array for name, array in arrays.items()}
  files.write(tmp_path / 'a.safetensors', arrays)
  model = vit.ViT(CLASSES, SIZE, PATCH)
  images = np.random.default_rng(0).normal(size=(4, SIDE, SIDE, 3)).astype(np.float32)
  empty = model.init(jax.random.key(0), images, train=False)
  table = names.names(model)
  taken = exchange.load(tmp_path / 'a.safetensors', table, trees.flatten(empty))
  assert taken.notes == []
  variables = trees.unflatten(empty, taken.leaves)
  logits = jax.jit(lambda v: model.apply(v, images, train=False))(variables)
  with torch.no_grad():
    expected = module(torch.tensor(images.transpose(0, 3, 1, 2)))
  agree.assert_close(logits, expected)
  if library == 'torchvision':
    exported = exchange.given(variables, table)
    assert exported.keys() == arrays.keys()
    for name, array in arrays.items():
      np.testing.assert_array_equal(exported[name], array)


def renamed(name):
  """Returns what timm calls an array of torchvision."""
  for old, new in {
    'encoder.layers.encoder_layer_': 'blocks.',
    'encoder.pos_embedding': 'pos_embed',
    'encoder.ln.': 'norm.',
    'ln_1': 'norm1',
    'ln_2': 'norm2',
    'self_attention.in_proj_': 'attn.qkv.',
    'self_attention.out_proj': 'attn.proj',
    'mlp.0': 'mlp.fc1',
    'mlp.3': 'mlp.fc2',
    'class_token': 'cls_token',
    'conv_proj': 'patch_embed.proj',
    'heads.head': 'head',
  }.items():
    name = name.replace(old, new)
  return name
