"""The gates that are shown of an LSTM are those that it used."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.interpret import memory
from dl_core.models import char_lm
from dl_core.report import svg

MODEL = char_lm.CharLM(5, layers=2, hidden=4)
TOKENS = jax.random.randint(jax.random.key(1), (3, 6), 0, 5)


def test_the_gates_give_what_the_layers_say():
  variables = MODEL.init(jax.random.key(0), TOKENS, train=False)
  layers = memory.opened(MODEL, variables, TOKENS)
  _, h = MODEL.apply(variables, TOKENS, method=lambda m, x: m.stack(x))
  c = said = jnp.zeros((3, 4))
  for step in range(6):
    i, f, g, o = (gate[:, step] for gate in layers[-1])
    c = f * c + i * g
    said = o * jnp.tanh(c)
    chex.assert_trees_all_close(said, h[:, step], atol=1e-6)


def gates(f, o):
  full = lambda value: np.full((2, 3, 4), value, np.float32)
  o = np.stack([np.full((2, 3), each, np.float32) for each in o], axis=-1)
  return memory.Gates(full(0.5), full(f), full(0.5), o)


@pytest.mark.parametrize(
  ('f', 'o', 'expected'),
  [
    (0.95, (0.05, 0.5, 0.5, 0.95), [True, True]),
    (0.05, (0.05, 0.5, 0.5, 0.95), [False, True]),
    (0.95, (0.5, 0.5, 0.5, 0.95), [True, False]),
  ],
)
def test_gates_are_judged_by_how_many_are_open_or_shut(f, o, expected):
  picture = memory.saturation([gates(f, o)])
  assert [bool(claim.holds) for claim in picture.claims] == expected
  assert svg.attempt(picture).failure == ''
  assert 'i 0%; f 100%' in picture.caption


def test_forget_gates_are_drawn_over_the_text():
  picture = memory.over_text(gates(0.95, (0.5,) * 4), ['a', '\n', '$'])
  assert svg.attempt(picture).failure == ''
