"""The recurrent layers agree with PyTorch's: same weights, outputs and gradients."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import recurrent
from tests.parity import agree

torch = pytest.importorskip('torch', reason=agree.REASON)
peers = importlib.import_module('dl_core.bench.peers.char_lm')

WIDTH, HIDDEN = 24, 32


@pytest.mark.parametrize(
  ('layer', 'reference'),
  [
    (recurrent.LSTM(HIDDEN), torch.nn.LSTM),
    (recurrent.GRU(HIDDEN), torch.nn.GRU),
    (recurrent.RNN(HIDDEN), torch.nn.RNN),
  ],
  ids=['lstm', 'gru', 'rnn'],
)
def test_it_agrees_with_pytorch(layer, reference):
  draw = lambda seed, *shape: jax.random.normal(jax.random.key(seed), shape)
  x, pull = draw(0, 8, 16, WIDTH), draw(1, 8, 16, HIDDEN)
  state = jax.tree.map(lambda zero: draw(2, *zero.shape), layer.start(8))
  params = layer.init(jax.random.key(3), x)['params']
  for number, name in enumerate(('bias', 'recurrent_bias')):
    if name in params:
      params[name] = 0.3 * draw(4 + number, *params[name].shape)

  def total(params, x, state):
    last, h = layer.apply({'params': params}, x, state)
    ends = sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(last))
    return jnp.sum(pull * h) + ends, (last, h)

  graded = jax.jit(jax.value_and_grad(total, (0, 1, 2), has_aux=True))
  (_, (last, h)), (d_params, d_x, d_state) = graded(params, x, state)

  tensor = lambda a: torch.tensor(np.asarray(a), requires_grad=True)
  twin = reference(WIDTH, HIDDEN, batch_first=True)
  agree.filled(twin, peers.recurrent(params))
  theirs_x = tensor(x)
  starts = [tensor(leaf[None]) for leaf in reversed(jax.tree.leaves(state))]  # h, c
  lstm = len(starts) == 2
  theirs_h, ends = twin(theirs_x, tuple(starts) if lstm else starts[0])
  ends = ends if lstm else (ends,)
  squares = sum((end**2).sum() for end in ends)
  ((torch.tensor(np.asarray(pull)) * theirs_h).sum() + squares).backward()

  agree.assert_close(h, theirs_h.detach())
  agree.assert_close(d_x, theirs_x.grad)
  for ours, theirs in zip(reversed(jax.tree.leaves(last)), ends, strict=True):
    agree.assert_close(ours, theirs[0].detach())
  for ours, theirs in zip(reversed(jax.tree.leaves(d_state)), starts, strict=True):
    agree.assert_close(ours, theirs.grad[0])
  for parameter, ours in zip(twin.parameters(), peers.recurrent(d_params), strict=True):
    theirs = parameter.grad.numpy()
    if np.any(ours):  # the second bias of an LSTM or RNN is none of ours
      agree.assert_close(ours, np.where(ours == 0, 0, theirs))  # nor of a GRU's r and z
