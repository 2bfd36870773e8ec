"""A classifier of sentences says what PyTorch's modules say, from the same weights."""

import jax
import numpy as np
import pytest

from dl_core import trees
from dl_core.models import recurrent_classifier
from dl_core.models.weights import exchange, files
from dl_core.models.weights import recurrent_classifier as names
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)

V, E, H, K, T = 13, 5, 6, 3, 9
LENGTHS = np.array([9, 1, 4, 6], np.int32)
CELLS = {'lstm': 'LSTM', 'gru': 'GRU', 'rnn': 'RNN'}


class Twin(torch.nn.Module):
  def __init__(self, cell, layers, bidirectional, pool, head):
    super().__init__()
    self.pool, width = pool, H * (2 if bidirectional else 1)
    self.embed = torch.nn.Embedding(V, E)
    self.rnn = getattr(torch.nn, CELLS[cell])(
      E, H, layers, batch_first=True, bidirectional=bidirectional
    )
    if pool == 'attention':
      self.key = torch.nn.Linear(width, H, bias=False)
      self.score = torch.nn.Linear(H, 1, bias=False)
    if head:
      self.inner = torch.nn.Linear(width, head)
    self.output = torch.nn.Linear(head or width, K)

  def forward(self, tokens, lengths):
    kit = torch.nn.utils.rnn
    packed = kit.pack_padded_sequence(
      self.embed(tokens), lengths, batch_first=True, enforce_sorted=False
    )
    h, state = self.rnn(packed)
    h, _ = kit.pad_packed_sequence(h, batch_first=True, total_length=T)
    if self.pool == 'last':
      state = state[0] if isinstance(state, tuple) else state
      sides = 2 if self.rnn.bidirectional else 1
      pooled = torch.cat(list(state[-sides:]), dim=-1)
    elif self.pool == 'mean':
      pooled = h.sum(1) / lengths[:, None]
    else:
      scores = self.score(torch.tanh(self.key(h)))[..., 0]
      outside = torch.arange(T)[None] >= lengths[:, None]
      weights = torch.softmax(scores.masked_fill(outside, -torch.inf), -1)
      pooled = (weights[..., None] * h).sum(1)
    if hasattr(self, 'inner'):
      pooled = torch.tanh(self.inner(pooled))
    return self.output(pooled)


@pytest.mark.parametrize(
  ('cell', 'layers', 'bidirectional', 'pool', 'head'),
  [
    ('lstm', 1, False, 'last', 0),
    ('lstm', 2, True, 'attention', 4),
    ('gru', 2, True, 'last', 0),
    ('gru', 1, False, 'attention', 0),
    ('rnn', 1, True, 'mean', 4),
  ],
)
def test_weights_of_pytorch_say_the_same_of_sentences_and_go_back(
  tmp_path, cell, layers, bidirectional, pool, head
):
  torch.manual_seed(0)
  module = Twin(cell, layers, bidirectional, pool, head)
  arrays = {name: one.detach().numpy() for name, one in module.state_dict().items()}
  files.write(tmp_path / 'a.safetensors', arrays)
  model = recurrent_classifier.RecurrentClassifier(
    V, K, cell, layers, H, bidirectional, pool, E, head
  )
  tokens = np.random.RandomState(0).randint(V, size=(4, T)).astype(np.int32)
  x = {'tokens': tokens, 'lengths': LENGTHS}
  empty = model.init(jax.random.key(1), x, train=False)
  taken = exchange.load(
    tmp_path / 'a.safetensors', names.names(model), trees.flatten(empty)
  )
  assert taken.notes == []
  variables = trees.unflatten(empty, taken.leaves)
  torch_x = torch.tensor(tokens).long(), torch.tensor(LENGTHS).long()
  agree.assert_close(model.apply(variables, x, train=False), module(*torch_x).detach())
  exported = exchange.given(variables, names.names(model))
  assert exported.keys() == arrays.keys()
  module.load_state_dict({n: torch.tensor(array) for n, array in exported.items()})
  agree.assert_close(model.apply(variables, x, train=False), module(*torch_x).detach())

  # The gradient of a loss, by way of the embedding, through every layer.
  labels = np.array([0, 2, 1, 1])
  torch.nn.functional.cross_entropy(module(*torch_x), torch.tensor(labels)).backward()

  def loss(params):
    logs = jax.nn.log_softmax(model.apply({'params': params}, x, train=False))
    return -logs[np.arange(4), labels].mean()

  gradient = jax.grad(loss)(variables['params'])
  agree.assert_close(gradient['embed']['embedding'], module.embed.weight.grad)
  agree.assert_close(gradient['output']['kernel'].T, module.output.weight.grad)
