"""GPT-1 and GPT-2 of Hugging Face say the same here; files of 2019 load, too."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import tasks, trees
from dl_core.models import gpt
from dl_core.models.weights import exchange, files
from dl_core.models.weights import gpt as names
from dl_core.tasks import decode
from dl_core.types import Batch
from experiments import gpt as experiment
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
transformers = pytest.importorskip('transformers', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.gpt')

V, W, D, H, L = 23, 12, 16, 4, 3
SIZES = {
  'gpt1': gpt.Size(L, D, H, W, 0, 'post'),
  'gpt2': gpt.Size(L, D, H, W, 0),
}


def twin(kind):
  """A network of Hugging Face with random weights, norms and biases moved, too."""
  torch.manual_seed(0)
  sides = {'vocab_size': V, 'n_positions': W, 'n_embd': D, 'n_layer': L, 'n_head': H}
  if kind == 'gpt1':
    config = transformers.OpenAIGPTConfig(**sides, afn='gelu')
    module = transformers.OpenAIGPTLMHeadModel(config)
  else:
    config = transformers.GPT2Config(**sides, bos_token_id=None, eos_token_id=None)
    module = transformers.GPT2LMHeadModel(config)
  with torch.no_grad():
    for parameter in module.parameters():
      parameter.add_(0.2 * torch.randn_like(parameter))
  return module.eval()


def arrays_of(module):
  tied = 'lm_head.weight'
  return {
    name: one.detach().numpy()
    for name, one in module.state_dict().items()
    if name != tied
  }


def loaded(kind, arrays, path):
  files.write(path, arrays)
  model = gpt.GPT(V, SIZES[kind])
  empty = model.init(jax.random.key(0), jnp.zeros((1, 2), jnp.int32), train=False)
  taken = exchange.load(path, names.names(model), trees.flatten(empty))
  return model, trees.unflatten(empty, taken.leaves), taken.notes


TOKENS = np.random.default_rng(0).integers(V, size=(3, W))


@pytest.mark.parametrize('kind', SIZES)
def test_it_has_the_logits_of_hugging_face_and_goes_back(kind, tmp_path):
  module = twin(kind)
  arrays = arrays_of(module)
  model, variables, notes = loaded(kind, arrays, tmp_path / 'model.safetensors')
  assert notes == []
  logits = jax.jit(lambda v: model.apply(v, TOKENS, train=False))(variables)
  with torch.no_grad():
    expected = module(torch.tensor(TOKENS)).logits
  agree.assert_close(logits, expected, 1e-4)
  exported = exchange.given(variables, names.names(model))
  whole = module.state_dict()  # with the tied head
  assert exported.keys() == whole.keys()
  for name, array in exported.items():
    np.testing.assert_array_equal(array, whole[name].numpy())


@pytest.mark.parametrize('kind', SIZES)
def test_greedy_decoding_writes_the_same_tokens(kind, tmp_path):
  module = twin(kind)
  model, variables, _ = loaded(kind, arrays_of(module), tmp_path / 'a.safetensors')
  task = tasks.language(model, W, 'window', axes=gpt.AXES)
  found = decode.generate(
    task.decode, variables, TOKENS[:, :4], W - 4, jax.random.key(0), 0.0
  )
  given = torch.tensor(TOKENS[:, :4])
  for _ in range(W - 4):
    with torch.no_grad():
      following = module(given).logits[:, -1].argmax(-1, keepdim=True)
    given = torch.cat([given, following], 1)
  np.testing.assert_array_equal(found, given[:, 4:].numpy())


def test_a_file_of_2019_has_no_prefix_and_has_masks(tmp_path):
  module = twin('gpt2')
  old = {
    name.removeprefix('transformer.'): array
    for name, array in arrays_of(module).items()
  }
  for layer in range(L):
    old[f'h.{layer}.attn.bias'] = np.tril(np.ones((1, 1, W, W), np.float32))
    old[f'h.{layer}.attn.masked_bias'] = np.float32(-1e4)
  old['lm_head.weight'] = old['wte.weight']
  model, variables, _ = loaded('gpt2', old, tmp_path / 'model.safetensors')
  with torch.no_grad():
    expected = module(torch.tensor(TOKENS)).logits
  logits = model.apply(variables, TOKENS, train=False)
  agree.assert_close(logits, expected, 1e-4)


@pytest.mark.parametrize('size', ['nano', 'gpt2'])
def test_losses_and_gradients_of_the_peer_agree(size, monkeypatch):
  small = gpt.SIZES[size]._replace(layers=2, width=D, heads=H, vocabulary=0)
  monkeypatch.setitem(gpt.SIZES, size, small)
  e = experiment.build(experiment.Config(size=size, window=W, batch_size=3))
  x, y = np.random.default_rng(1).integers(e.data.spec.limits.x, size=(2, 3, W))
  batch = Batch(x, y, np.ones(y.shape, np.float32))
  params = jax.jit(e.task.init)(jax.random.key(1), batch)['params']
  (loss,) = e.task.losses
  key = jax.random.key(2)  # nothing is dropped
  graded = jax.jit(jax.value_and_grad(lambda p: loss(p, {}, batch, key)[0]))
  value, gradient = graded(params)

  peer = peers.peer(e.config, e.data.spec)
  agree.filled(peer.module, peers.carried(params))
  theirs = peer.turns[0].loss(*peer.tensors(batch))
  theirs.backward()
  assert float(value) == pytest.approx(float(theirs.detach()), rel=1e-5)
  for parameter, ours in zip(
    peer.module.parameters(), peers.carried(gradient), strict=True
  ):
    agree.assert_close(ours, parameter.grad, 1e-4, 1e-3)
