"""The recurrent layers agree with PyTorch's: same weights, outputs and gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import recurrent

torch = pytest.importorskip(
  'torch', reason='parity needs the bench extra: pip install -e .[bench]'
)

WIDTH, HIDDEN = 24, 32


def carried(params):
  """Lays our parameters (or their gradients) out as PyTorch's modules hold theirs.

  PyTorch adds two biases. Where one is ours, the second of theirs is None here.
  """
  bias, again = np.asarray(params['bias']), None
  if 'recurrent_bias' in params:
    again = np.pad(params['recurrent_bias'], (2 * HIDDEN, 0))
  kernels = params['input_kernel'], params['recurrent_kernel']
  return [*(np.asarray(kernel).T for kernel in kernels), bias, again]


def assert_close(found, expected, tolerance=1e-5):
  scale = np.max(np.abs(expected))
  np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=tolerance)


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
  draw = lambda seed, *shape: jax.random.normal(jax.random.key(seed), shape)  # noqa: E731
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

  tensor = lambda a: torch.tensor(np.asarray(a), requires_grad=True)  # noqa: E731
  twin = reference(WIDTH, HIDDEN, batch_first=True)
  with torch.no_grad():
    for parameter, ours in zip(twin.parameters(), carried(params), strict=True):
      parameter.copy_(torch.tensor(0.0 if ours is None else ours))
  theirs_x = tensor(x)
  starts = [tensor(leaf[None]) for leaf in reversed(jax.tree.leaves(state))]  # h, c
  lstm = len(starts) == 2
  theirs_h, ends = twin(theirs_x, tuple(starts) if lstm else starts[0])
  ends = ends if lstm else (ends,)
  squares = sum((end**2).sum() for end in ends)
  ((torch.tensor(np.asarray(pull)) * theirs_h).sum() + squares).backward()

  assert_close(h, theirs_h.detach().numpy())
  assert_close(d_x, theirs_x.grad.numpy())
  for ours, theirs in zip(reversed(jax.tree.leaves(last)), ends, strict=True):
    assert_close(ours, theirs[0].detach().numpy())
  for ours, theirs in zip(reversed(jax.tree.leaves(d_state)), starts, strict=True):
    assert_close(ours, theirs.grad[0].numpy())
  for parameter, ours in zip(twin.parameters(), carried(d_params), strict=True):
    if ours is not None:
      theirs = parameter.grad.numpy()
      assert_close(ours, np.where(ours == 0, 0, theirs))  # 0: r and z have one bias
