"""Sequence to sequence agrees with PyTorch: outputs, losses and gradients."""

import importlib
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import seq2seq
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.seq2seq')

SOURCE, TARGET = 11, 13
LENGTHS = np.array([6, 1, 4, 6, 3])
COUNTS = np.array([5, 2, 1, 4, 5])


class Settings(NamedTuple):
  cell: str
  attention: str
  layers: int = 1
  bidirectional: bool = False
  embedding: int = 7
  hidden: int = 8
  dropout: float = 0.0


CASES = [
  Settings('lstm', 'none', layers=2),
  Settings('lstm', 'dot', layers=2, bidirectional=True),
  Settings('lstm', 'dot', embedding=0, bidirectional=True),
  Settings('gru', 'dot'),
  Settings('rnn', 'dot', bidirectional=True),
  Settings('gru', 'additive', bidirectional=True),
  Settings('lstm', 'additive', layers=2, bidirectional=True),
  Settings('lstm', 'additive', embedding=0),
]


def drawn():
  draw = np.random.default_rng(0)
  x = {
    'source': draw.integers(SOURCE, size=(5, 6)),
    'lengths': LENGTHS,
    'target': draw.integers(TARGET, size=(5, 5)),
  }
  weight = (np.arange(5)[None] < COUNTS[:, None]).astype(np.float32)
  return x, draw.integers(TARGET, size=(5, 5)), weight


@pytest.mark.parametrize('c', CASES, ids=lambda c: '-'.join(map(str, c)))
def test_it_agrees_with_pytorch(c):
  x, y, weight = drawn()
  model = seq2seq.Seq2Seq(
    SOURCE,
    TARGET,
    c.cell,
    c.layers,
    c.hidden,
    c.embedding,
    c.attention,
    c.bidirectional,
  )
  params = model.init(jax.random.key(0), x, train=False)['params']
  keys = iter(jax.random.split(jax.random.key(1), len(jax.tree.leaves(params))))
  move = lambda leaf: leaf + 0.3 * jax.random.normal(next(keys), leaf.shape)
  params = jax.tree.map(move, params)  # biases, too

  def total(params):
    logits = model.apply({'params': params}, x, train=False)
    said = jax.nn.log_softmax(logits)
    nats = -jnp.take_along_axis(said, y[..., None], axis=-1)[..., 0]
    return jnp.sum(nats * weight) / weight.sum(), logits

  (loss, logits), gradient = jax.jit(jax.value_and_grad(total, has_aux=True))(params)
  module = agree.filled(peers.Seq2Seq(c, SOURCE, TARGET), peers.carried(params))
  whole = [torch.tensor(x[name]) for name in ('source', 'lengths', 'target')]
  theirs = module(*whole)
  each = torch.nn.functional.cross_entropy(
    theirs.flatten(0, 1), torch.tensor(y).flatten(), reduction='none'
  )
  their_loss = (each * torch.tensor(weight).flatten()).sum() / weight.sum()
  their_loss.backward()
  agree.assert_close(loss, their_loss.detach())
  agree.assert_close(logits, theirs.detach())
  names = [name for name, _ in module.named_parameters()]
  pairs = zip(names, peers.carried(gradient), module.parameters(), strict=True)
  for name, ours, parameter in pairs:
    if 'bias_hh' not in name or c.cell == 'gru':
      agree.assert_close(ours, parameter.grad, least=1e-3)
