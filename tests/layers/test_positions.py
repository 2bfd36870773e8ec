"""Positions: the paper's sinusoid, and texts that are too long."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers.positions import Positions, sinusoid


def test_the_sinusoid_is_that_of_the_paper():
  table = sinusoid(50, 12)
  for t, i in [(0, 0), (7, 3), (49, 5)]:
    angle = t / 10_000 ** (2 * i / 12)
    assert table[t, 2 * i] == pytest.approx(np.sin(angle), abs=1e-6)
    assert table[t, 2 * i + 1] == pytest.approx(np.cos(angle), abs=1e-6)


@pytest.mark.parametrize('k', [1, 5, 30])
def test_a_shift_is_the_same_rotation_everywhere(k):
  width = 16
  table = sinusoid(100 + k, width).astype(np.float64)
  rotation = np.zeros((width, width))
  for i in range(width // 2):
    angle = k / 10_000 ** (2 * i / width)
    pair = slice(2 * i, 2 * i + 2)
    rotation[pair, pair] = [
      [np.cos(angle), np.sin(angle)],
      [-np.sin(angle), np.cos(angle)],
    ]
  np.testing.assert_allclose(table[:100] @ rotation.T, table[k : 100 + k], atol=1e-6)


@pytest.mark.parametrize('kind', ['sinusoid', 'learned'])
def test_a_part_of_a_text_has_its_own_positions(kind):
  model = Positions(kind, 10)
  x = jnp.zeros((2, 10, 6))
  variables = model.init(jax.random.key(0), x)
  whole = model.apply(variables, x)
  np.testing.assert_array_equal(
    model.apply(variables, x[:, :3], 4), whole[:, 4:7], strict=True
  )
  assert not np.allclose(whole[:, 0], whole[:, 1])


def test_a_text_beyond_the_table_is_refused():
  with pytest.raises(ValueError, match='11 tokens were given, but there are 10'):
    Positions('sinusoid', 10).init(jax.random.key(0), jnp.zeros((1, 11, 4)))
