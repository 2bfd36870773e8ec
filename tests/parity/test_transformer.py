"""A Transformer agrees with PyTorch: outputs, attention, gradients, files."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import trees
from dl_core.layers import multihead
from dl_core.layers.multihead import Mask
from dl_core.models import transformer
from dl_core.models.weights import exchange, files
from dl_core.models.weights import transformer as names
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
nn = torch.nn

SIZE = transformer.Size(layers=2, width=12, heads=3, hidden=20)
SOURCE, TARGET = 11, 13
LENGTHS = np.array([6, 1, 4, 6, 3])


class Twin(nn.Module):
  """The same network of PyTorch's layers; without `final_norm` as in the paper."""

  def __init__(self, norm_first, final_norm):
    super().__init__()
    sides = (SIZE.width, SIZE.heads, SIZE.hidden, 0.0)
    how = {'batch_first': True, 'norm_first': norm_first}
    norm = lambda: nn.LayerNorm(SIZE.width) if final_norm else None
    self.transformer = nn.Transformer(
      SIZE.width,
      SIZE.heads,
      custom_encoder=nn.TransformerEncoder(
        nn.TransformerEncoderLayer(*sides, **how),
        SIZE.layers,
        norm(),
        enable_nested_tensor=False,
      ),
      custom_decoder=nn.TransformerDecoder(
        nn.TransformerDecoderLayer(*sides, **how), SIZE.layers, norm()
      ),
      **how,
    )
    self.source_embedding = nn.Embedding(SOURCE, SIZE.width)
    self.target_embedding = nn.Embedding(TARGET, SIZE.width)
    self.source_positions = nn.Embedding(8, SIZE.width)
    self.target_positions = nn.Embedding(8, SIZE.width)
    self.readout = nn.Linear(SIZE.width, TARGET)

  def forward(self, source, lengths, target):
    read = self.source_embedding(source) * SIZE.width**0.5
    written = self.target_embedding(target) * SIZE.width**0.5
    padding = torch.arange(source.shape[1])[None] >= lengths[:, None]
    later = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)
    h = self.transformer(
      read + self.source_positions.weight[None, : source.shape[1]],
      written + self.target_positions.weight[None, : target.shape[1]],
      tgt_mask=later,
      src_key_padding_mask=padding,
      memory_key_padding_mask=padding,
    )
    return self.readout(h)


def perturbed(module, seed=0):
  """Moves all parameters, biases and norms too, so that each of them is seen."""
  torch.manual_seed(seed)
  with torch.no_grad():
    for parameter in module.parameters():
      parameter.add_(0.3 * torch.randn_like(parameter))
  return module


def drawn():
  draw = np.random.default_rng(0)
  x = {
    'source': draw.integers(SOURCE, size=(5, 6)),
    'lengths': LENGTHS,
    'target': draw.integers(TARGET, size=(5, 5)),
  }
  return x, draw.normal(size=(5, 5, TARGET)).astype(np.float32)


@pytest.mark.parametrize('order', ['post', 'pre'])
@pytest.mark.parametrize('final_norm', [True, False])
def test_a_transformer_of_pytorch_is_the_same_here_and_goes_back(
  order, final_norm, tmp_path
):
  module = perturbed(Twin(order == 'pre', final_norm))
  arrays = {name: one.detach().numpy() for name, one in module.state_dict().items()}
  files.write(tmp_path / 'a.safetensors', arrays)
  model = transformer.Transformer(
    SOURCE,
    TARGET,
    SIZE,
    order,
    'learned',
    8,
    'none',
    dropout=0.0,
    final_norm=final_norm,
  )
  x, weight = drawn()
  empty = model.init(jax.random.key(0), x, train=False)
  table = names.names(model)
  taken = exchange.load(tmp_path / 'a.safetensors', table, trees.flatten(empty))
  assert taken.notes == []
  variables = trees.unflatten(empty, taken.leaves)

  def total(variables):
    logits = model.apply(variables, x, train=False)
    return jnp.sum(logits * weight), logits

  (_, logits), gradient = jax.jit(jax.value_and_grad(total, has_aux=True))(variables)
  theirs = module(*(torch.tensor(x[name]) for name in ('source', 'lengths', 'target')))
  (theirs * torch.tensor(weight)).sum().backward()
  agree.assert_close(logits, theirs.detach())
  ours = exchange.given(gradient, table)
  for name, parameter in module.named_parameters():
    agree.assert_close(ours[name], parameter.grad, 1e-4, least=1e-2)

  exported = exchange.given(variables, table)
  assert exported.keys() == arrays.keys()
  for name, array in arrays.items():
    np.testing.assert_array_equal(exported[name], array)


@pytest.mark.parametrize('causal', [True, False])
def test_attention_has_the_outputs_and_weights_of_pytorch(causal):
  module = perturbed(nn.MultiheadAttention(SIZE.width, SIZE.heads, batch_first=True))
  x = np.random.default_rng(1).normal(size=(5, 6, SIZE.width)).astype(np.float32)
  padding = np.arange(6)[None] >= LENGTHS[:, None]
  later = np.triu(np.ones((6, 6), bool), 1) if causal else np.zeros((6, 6), bool)
  given = torch.tensor(x)
  expected, weights = module(
    given,
    given,
    given,
    key_padding_mask=torch.tensor(padding),
    attn_mask=torch.tensor(later),
    average_attn_weights=False,
  )
  kernel = module.in_proj_weight.detach().numpy().reshape(3, SIZE.width, SIZE.width)
  bias = module.in_proj_bias.detach().numpy().reshape(3, SIZE.width)
  params = {
    name: {'kernel': kernel[number].T, 'bias': bias[number]}
    for number, name in enumerate(names.PARTS)
  }
  last = module.out_proj
  params['output'] = {
    'kernel': last.weight.detach().numpy().T,
    'bias': last.bias.detach().numpy(),
  }
  model = multihead.MultiHead(SIZE.width, SIZE.heads)
  mask = Mask(causal=causal, lengths=jnp.asarray(LENGTHS))

  def look(model, x):
    return model(x, model.project(x), mask)

  found, sown = model.apply(
    {'params': params}, x, method=look, mutable=['intermediates']
  )
  agree.assert_close(found, expected.detach())
  agree.assert_close(sown['intermediates']['weights'][0], weights.detach())
