import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import recurrent
from dl_core.lessons.recurrent import memory_cell, opened


def test_the_equations_are_those_of_the_layer():
  params = memory_cell.weights(0, f=1.0)
  x = jax.random.normal(jax.random.key(1), (20, memory_cell.INPUTS))
  c = jax.random.normal(jax.random.key(2), (memory_cell.HIDDEN,))
  seen = memory_cell.gates(params, x, c)
  np.testing.assert_allclose(seen.c[-1], memory_cell.last_cell(params, x, c), atol=1e-5)
  start = recurrent.Memory(c[None], jnp.zeros((1, memory_cell.HIDDEN)))
  layer = recurrent.LSTM(memory_cell.HIDDEN)
  _, h = layer.apply({'params': params}, x[None], start)
  np.testing.assert_allclose(seen.o * jnp.tanh(seen.c), h[0], atol=1e-5)


def test_gates_that_are_shut_or_open_keep_and_drop():
  assert all(claim.holds for claim in memory_cell.kept(0).claims)


def test_a_gate_that_is_not_quite_shut_is_seen(monkeypatch):
  monkeypatch.setattr(memory_cell, 'SURE', 8.0)  # σ(8) = 0.9997
  copied, inside = memory_cell.kept(0).claims
  assert not copied.holds
  assert inside.holds


def test_gates_outside_their_range_are_seen(monkeypatch):
  right = memory_cell.gates
  stretched = lambda *given: right(*given)._replace(i=2 * right(*given).i)
  monkeypatch.setattr(memory_cell, 'gates', stretched)
  assert not memory_cell.kept(0).claims[1].holds


def test_the_way_along_the_cell_is_the_product_of_forget_gates(monkeypatch):
  assert all(claim.holds for claim in memory_cell.path(0).claims)
  monkeypatch.setattr(memory_cell, 'BIASES', {'a': -2.0, 'b': 1.0, 'shut too': -1.0})
  product, passed = memory_cell.path(0).claims
  assert product.holds
  assert not passed.holds
  along = memory_cell.along
  monkeypatch.setattr(memory_cell, 'along', lambda *given: along(*given) * 1.01)
  assert not memory_cell.path(0).claims[0].holds


@pytest.mark.parametrize(
  ('before', 'after', 'g', 'expected'),
  [
    (0.7, 0.9, 0.5, (True, True)),
    (0.9, 0.7, 0.5, (False, True)),
    (0.7, 0.9, 1.5, (True, False)),
  ],
)
def test_what_training_did_to_the_gates_is_read_from_them(before, after, g, expected):
  seen = lambda f: memory_cell.Gates(
    *(np.full((2, 5, 3), value) for value in (0.5, f, g, 0.5, 1.0))
  )
  marked = np.zeros((2, 5), bool)
  found = opened.of_gates(seen(before), seen(after), marked, 0.01)
  assert tuple(bool(claim.holds) for claim in found.claims) == expected


def test_an_lstm_is_trained_on_the_problem():
  start, end, error = opened.learn(0, 400)
  assert error < 0.15  # the best constant answer has 1/6
  assert not np.allclose(start['bias'], end['bias'])
