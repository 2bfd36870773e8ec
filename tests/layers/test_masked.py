"""Masked convolutions and LSTMs over images against loops over the places."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import cells, masked, pixel_lstm

RANDOM = np.random.default_rng(0)


def sigmoid(x):
  return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize('first', [True, False])
def test_a_masked_convolution_is_a_sum_over_the_past(first):
  inputs, outputs = masked.colours(6, 3), masked.colours(3, 3)
  layer = masked.Masked(outputs, inputs, 1, 3, first)
  x = RANDOM.normal(size=(2, 4, 5, 6)).astype(np.float32)
  params = layer.init(jax.random.key(0), x)['params']
  kernel = np.asarray(params['kernel'], np.float64)
  wanted = np.zeros((2, 4, 5, 3))
  for row, column in np.ndindex(4, 5):
    for down, right in [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0)]:
      i, j = row + down, column + right
      if i < 0 or not 0 <= j < 5:
        continue
      weights = kernel[down + 1, right + 1].copy()
      if (down, right) == (0, 0):
        for d, f in np.ndindex(6, 3):
          own = d // 2
          weights[d, f] *= own < f or (own == f and not first)
      wanted[:, row, column] += x[:, i, j] @ weights
  np.testing.assert_allclose(layer.apply({'params': params}, x), wanted, atol=1e-5)


def test_masked_weights_have_no_gradient():
  layer = masked.Masked((0, 0), (0,), 1, 3, True)
  x = RANDOM.normal(size=(1, 3, 3, 1)).astype(np.float32)
  params = layer.init(jax.random.key(0), x)['params']
  slopes = jax.grad(lambda p: layer.apply({'params': p}, x).sum() ** 2)(params)
  kept = masked.mask(1, 3, (0,), (0, 0), True)
  assert (np.asarray(slopes['kernel'])[kept == 0] == 0).all()
  assert (np.asarray(slopes['kernel'])[kept == 1] != 0).all()


def test_features_that_do_not_divide_into_colours_are_refused():
  with pytest.raises(ValueError, match='not a multiple of the number of colours'):
    masked.colours(4, 3)


def test_skewing_moves_rows_and_is_undone():
  x = RANDOM.normal(size=(2, 3, 4, 2))
  moved = pixel_lstm.skewed(jnp.asarray(x))
  for row in range(3):
    np.testing.assert_allclose(moved[:, row, row : row + 4], x[:, row], rtol=1e-6)
  assert np.abs(moved).sum() == pytest.approx(np.abs(x).sum(), rel=1e-5)
  np.testing.assert_allclose(pixel_lstm.unskewed(moved), x, rtol=1e-6)


@pytest.mark.parametrize('kind', ['row', 'diagonal'])
def test_an_lstm_over_an_image_equals_the_loop_over_its_places(kind):
  layer = {'row': pixel_lstm.RowLSTM, 'diagonal': pixel_lstm.DiagonalLSTM}[kind](3)
  x = RANDOM.normal(size=(2, 4, 5, 2)).astype(np.float32)
  params = layer.init(jax.random.key(0), x)['params']
  kernel = np.asarray(params['input']['kernel'], np.float64)
  padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (0, 0)))
  if kind == 'row':
    gates = padded[:, :, :5] @ kernel[0, 0] + x @ kernel[0, 1]
  else:
    gates = x @ kernel[0, 0]
  gates += np.asarray(params['input']['bias'])
  w = np.asarray(params['recurrent_kernel'], np.float64)
  h, c, zero = {}, {}, np.zeros((2, 3))
  for i, j in np.ndindex(4, 5):
    around = {
      'row': [(i - 1, j - 1), (i - 1, j), (i - 1, j + 1)],
      'diagonal': [(i - 1, j), (i, j - 1)],
    }[kind]
    own = {'row': (i - 1, j), 'diagonal': (i, j - 1)}[kind]
    u = np.concatenate([h.get(place, zero) for place in around], axis=-1) @ w
    i_gate, f_gate, g, o_gate = np.split(gates[:, i, j] + u, 4, axis=-1)
    c[i, j] = sigmoid(f_gate) * c.get(own, zero) + sigmoid(i_gate) * np.tanh(g)
    h[i, j] = sigmoid(o_gate) * np.tanh(c[i, j])
  found = np.asarray(layer.apply({'params': params}, x))
  for (i, j), wanted in h.items():
    np.testing.assert_allclose(found[:, i, j], wanted, atol=1e-5)


def plain(patch):
  """Makes the scan of `pixel_lstm.scan`, differentiated automatically."""

  def run(a, w, b, state, alive):
    def step(state, at):
      a, alive = at
      after, _ = cells.lstm_forward(state, a, patch(state[-1]) @ w + b)
      state = tuple(
        jnp.where(alive[..., None], new, old)
        for new, old in zip(after, state, strict=True)
      )
      return state, jnp.where(alive[..., None], state[-1], 0)

    return jax.lax.scan(step, state, (a, alive))

  def scan(a, w, b, state, alive=None):
    alive = jnp.ones((len(a), 1, 1), bool) if alive is None else alive
    return run(a, w, b.reshape(1, 1, -1), state, alive)

  return scan


@pytest.mark.parametrize('kind', ['row', 'diagonal'])
def test_gradients_through_a_patch_are_those_of_automatic_differentiation(
  kind, monkeypatch
):
  layer = {'row': pixel_lstm.RowLSTM, 'diagonal': pixel_lstm.DiagonalLSTM}[kind](2)
  x = jnp.asarray(RANDOM.normal(size=(2, 3, 4, 2)), jnp.float32)
  params = layer.init(jax.random.key(0), x)['params']
  loss = lambda p, x: jnp.sum(jnp.sin(layer.apply({'params': p}, x)))
  found = jax.grad(loss, argnums=(0, 1))(params, x)
  monkeypatch.setattr(pixel_lstm, 'BY_ROW', plain(pixel_lstm.beside))
  monkeypatch.setattr(pixel_lstm, 'BY_DIAGONAL', plain(pixel_lstm.above))
  wanted = jax.grad(loss, argnums=(0, 1))(params, x)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), found, wanted)
  assert all(np.abs(leaf).max() > 1e-3 for leaf in jax.tree.leaves(wanted))
