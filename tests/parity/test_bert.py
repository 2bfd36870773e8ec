"""BERT of Hugging Face says the same here, under the names of today and of 2018."""

import importlib

import jax
import numpy as np
import pytest

from dl_core import trees
from dl_core.data import passages
from dl_core.models import bert, text_classifier
from dl_core.models.transformer import Size
from dl_core.models.weights import bert as names
from dl_core.models.weights import exchange, files
from dl_core.models.weights import text_classifier as classifier_names
from dl_core.tasks import masking
from dl_core.types import Batch, UserError
from experiments import bert as experiment
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
transformers = pytest.importorskip('transformers', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.bert')

V, T, SIZE = 19, 9, Size(3, 16, 4, 28)
MODEL = bert.BERT(bert.Encoder(V, SIZE, T, dropout=0.0))
DECODER = 'cls.predictions.decoder.'
PLACES = np.arange(T)[None].repeat(3, 0)


def batch():
  draw = np.random.default_rng(0)
  return {
    'tokens': draw.integers(V, size=(3, T)).astype(np.int32),
    'segments': (np.arange(T)[None] >= np.array([[3], [5], [2]])).astype(np.int32),
    'lengths': np.array([9, 7, 4], np.int32),
    'places': PLACES.astype(np.int32),
  }


@pytest.fixture(scope='module')
def twin():
  torch.manual_seed(0)
  config = transformers.BertConfig(
    vocab_size=V,
    hidden_size=SIZE.width,
    num_hidden_layers=SIZE.layers,
    num_attention_heads=SIZE.heads,
    intermediate_size=SIZE.hidden,
    max_position_embeddings=T,
  )
  module = transformers.BertForPreTraining(config).eval()
  with torch.no_grad():
    for parameter in module.parameters():
      parameter.add_(0.2 * torch.randn_like(parameter))
  return module


def arrays_of(module):
  return {
    name: one.detach().numpy()
    for name, one in module.state_dict().items()
    if not name.startswith(DECODER)
  }


def loaded(arrays, path):
  files.write(path, arrays)
  like = MODEL.init(jax.random.key(0), batch(), train=False)
  taken = exchange.load(path, names.names(MODEL.body), trees.flatten(like))
  return trees.unflatten(like, taken.leaves), taken.notes


def expected(module):
  x = batch()
  seen = np.arange(T)[None] < x['lengths'][:, None]
  with torch.no_grad():
    found = module(
      torch.tensor(x['tokens'], dtype=torch.long),
      attention_mask=torch.tensor(seen),
      token_type_ids=torch.tensor(x['segments'], dtype=torch.long),
      output_hidden_states=True,
    )
  return found, seen


def test_every_head_and_layer_is_that_of_hugging_face_and_goes_back(twin, tmp_path):
  arrays = arrays_of(twin)
  variables, notes = loaded(arrays, tmp_path / 'model.safetensors')
  assert notes == []
  found, seen = expected(twin)
  output = jax.jit(lambda v: MODEL.apply(v, batch(), train=False))(variables)
  agree.assert_close(
    output['masked'][seen], found.prediction_logits.numpy()[seen], 1e-4
  )
  agree.assert_close(output['next'], found.seq_relationship_logits, 1e-4)
  for layers in range(1, SIZE.layers + 1):
    few = bert.BERT(MODEL.body.clone(size=SIZE._replace(layers=layers)))
    params = dict(variables['params'])
    cut = lambda leaf, layers=layers: leaf[:layers]
    params['encoder'] = jax.tree.map(cut, params['encoder'])
    h = few.apply({'params': params}, batch(), method='encode')
    agree.assert_close(h[seen], found.hidden_states[layers].numpy()[seen], 1e-4)
  exported = exchange.given(variables, names.names(MODEL.body))
  whole = twin.state_dict()  # with the tied read-out
  assert exported.keys() == whole.keys()
  for name, array in exported.items():
    np.testing.assert_array_equal(array, whole[name].numpy())


def test_names_of_2018_and_a_file_without_prefix_load(twin, tmp_path):
  old = {
    name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace(
      'LayerNorm.bias', 'LayerNorm.beta'
    ): array
    for name, array in arrays_of(twin).items()
  }
  old[f'{DECODER}weight'] = old['bert.embeddings.word_embeddings.weight']
  old['bert.embeddings.position_ids'] = np.arange(T)[None]
  variables, _ = loaded(old, tmp_path / 'old.safetensors')
  plain, _ = loaded(arrays_of(twin), tmp_path / 'new.safetensors')
  for one, other in zip(
    jax.tree.leaves(variables), jax.tree.leaves(plain), strict=True
  ):
    np.testing.assert_array_equal(one, other)


def test_another_activation_is_refused(twin, tmp_path):
  (tmp_path / 'config.json').write_text('{"hidden_act": "gelu_new"}')
  with pytest.raises(UserError, match='hidden_act=gelu_new'):
    loaded(arrays_of(twin), tmp_path / 'model.safetensors')


def test_a_classifier_is_that_of_hugging_face_and_goes_back(twin, tmp_path):
  module = transformers.BertForSequenceClassification(
    transformers.BertConfig.from_dict(twin.config.to_dict(), num_labels=3)
  ).eval()
  module.bert.load_state_dict(twin.bert.state_dict(), strict=False)
  model = text_classifier.BERTClassifier(
    bert.Encoder(V, SIZE, T, dropout=0.0), classes=3
  )
  table = classifier_names.names(model)
  arrays = {name: one.detach().numpy() for name, one in module.state_dict().items()}
  files.write(tmp_path / 'model.safetensors', arrays)
  like = model.init(jax.random.key(0), batch(), train=False)
  taken = exchange.load(tmp_path / 'model.safetensors', table, trees.flatten(like))
  variables = trees.unflatten(like, taken.leaves)
  assert taken.notes == []
  x = batch()
  with torch.no_grad():
    found = module(
      torch.tensor(x['tokens'], dtype=torch.long),
      attention_mask=torch.tensor(np.arange(T)[None] < x['lengths'][:, None]),
      token_type_ids=torch.tensor(x['segments'], dtype=torch.long),
    )
  output = jax.jit(lambda v: model.apply(v, x, train=False))(variables)
  agree.assert_close(output, found.logits.numpy(), 1e-4)
  exported = exchange.given(variables, table)
  assert exported.keys() == arrays.keys()
  for name, array in exported.items():
    np.testing.assert_array_equal(array, arrays[name])


def test_the_body_of_a_classifier_is_that_of_a_pretrained_file(twin, tmp_path):
  files.write(tmp_path / 'model.safetensors', arrays_of(twin))
  model = text_classifier.BERTClassifier(
    bert.Encoder(V, SIZE, T, dropout=0.0), classes=3
  )
  like = model.init(jax.random.key(0), batch(), train=False)
  taken = exchange.load(
    tmp_path / 'model.safetensors',
    classifier_names.names(model),
    trees.flatten(like),
    text_classifier.BERT_BODY,
  )
  assert 'and output begins anew' in taken.notes[0]
  whole, _ = loaded(arrays_of(twin), tmp_path / 'again.safetensors')
  own = trees.flatten(whole)
  assert set(trees.flatten(like)) - taken.leaves.keys() == {
    'params.output.kernel', 'params.output.bias'
  }  # fmt: skip
  for name, array in taken.leaves.items():
    np.testing.assert_array_equal(array, own[name])


@pytest.mark.parametrize('order', ['pre', 'post'])
def test_losses_and_gradients_of_the_peer_agree(order, monkeypatch):
  monkeypatch.setitem(bert.SIZES, 'tiny', Size(2, 16, 4, 28))
  c = experiment.Config(norm=order, pieces=300, longest=20, batch_size=3)
  e = experiment.build(c)
  tokens = e.data.spec.limits.x['tokens']
  draw = np.random.default_rng(1)
  x = {
    'tokens': draw.integers(len(passages.MARKS), tokens, (3, 20)).astype(np.int32),
    'segments': (np.arange(20)[None] >= np.array([[8], [9], [4]])).astype(np.int32),
    'lengths': np.array([20, 15, 9], np.int32),
  }
  weight = {'next': np.ones(3, np.float32)}
  batch = Batch(x, {'next': np.array([0, 1, 1], np.int32)}, weight)
  params = jax.jit(e.task.init)(jax.random.key(1), batch)['params']
  (loss,) = e.task.losses
  key = jax.random.key(2)
  graded = jax.jit(jax.value_and_grad(lambda p: loss(p, {}, batch, key)[0]))
  value, gradient = graded(params)

  special = tuple(passages.MARKS.values())
  hide = masking.masked(c.rate, tokens, passages.MARKS['mask'], special)
  corrupted = jax.device_get(hide(jax.random.split(key)[0], batch))
  peer = peers.peer(c, e.data.spec)
  agree.filled(peer.module, peers.carried(params))
  own = (corrupted.x['places'], corrupted.y['masked'])
  theirs = peer.turns[0].loss(
    *peer.tensors(corrupted),
    *(torch.tensor(np.asarray(each, np.int64)) for each in own),
    torch.tensor(np.array(corrupted.weight['masked'])),
  )
  theirs.backward()
  assert float(value) == pytest.approx(float(theirs.detach()), rel=1e-5)
  for parameter, ours in zip(
    peer.module.parameters(), peers.carried(gradient), strict=True
  ):
    agree.assert_close(ours, parameter.grad, 1e-4, 1e-3)


def test_the_peer_hides_tokens_alone():
  tokens = torch.randint(len(passages.MARKS), 90, (64, 40))
  lengths = torch.randint(10, 41, (64,))
  shown, places, there = peers.hidden(tokens, lengths, 0.15, 90)
  assert (places < lengths[:, None]).all()
  assert torch.equal(tokens.gather(1, places), there)
  assert torch.equal(shown.scatter(1, places, there), tokens)
  share = (shown.gather(1, places) == passages.MARKS['mask']).double().mean()
  assert 0.7 < share < 0.9
