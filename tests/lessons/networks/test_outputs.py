import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.lessons.networks import activations, outputs

# {pairing: (z, y) -> loss}, as the lecture writes them, in float64.
TEXTBOOK = {
  'identity, squared error': lambda z, y: np.sum((y - z) ** 2) / 2,
  'sigmoid, binary cross-entropy': lambda z, y: (
    -np.sum(
      y * np.log(1 / (1 + np.exp(-z))) + (1 - y) * np.log(1 - 1 / (1 + np.exp(-z)))
    )
  ),
  'softmax, cross-entropy': lambda z, y: (
    -np.sum(y * np.log(np.exp(z) / np.exp(z).sum()))
  ),
}


@pytest.mark.parametrize('name', outputs.PAIRINGS)
def test_a_loss_is_the_textbooks_and_its_slope_p_minus_y(name):
  pairing = outputs.PAIRINGS[name]
  z = np.random.default_rng(0).normal(size=6) * 2
  y = np.asarray(pairing.labels(np.random.default_rng(1), (6,)), np.float64)
  loss = TEXTBOOK[name]
  np.testing.assert_allclose(
    pairing.loss(jnp.float32(z), jnp.float32(y)), loss(z, y), rtol=1e-5
  )
  moved = [(loss(z + 1e-6 * e, y) - loss(z - 1e-6 * e, y)) / 2e-6 for e in np.eye(6)]
  np.testing.assert_allclose(pairing.answer(jnp.float32(z)) - y, moved, atol=2e-6)


def test_labels_are_of_the_kind_that_their_loss_is_for():
  draw = {
    name: pairing.labels(np.random.default_rng(0), (50, 4))
    for name, pairing in outputs.PAIRINGS.items()
  }
  numbers, bits, hot = draw.values()
  assert len(np.unique(numbers)) == 200
  assert set(np.unique(bits)) == {0, 1}
  assert set(bits.sum(axis=1)) - {1}  # any number of them may be 1
  assert set(np.unique(hot)) == {0, 1}
  assert set(hot.sum(axis=1)) == {1}


def test_a_loss_that_is_not_the_outputs_own_is_not_p_minus_y():
  sigmoid, softmax = (
    outputs.PAIRINGS[name]
    for name in ('sigmoid, binary cross-entropy', 'softmax, cross-entropy')
  )
  z, y = jnp.float32([[2.0, -1.0, 0.5]]), jnp.float32([[1.0, 0.0, 0.0]])
  for pairing in (sigmoid, softmax):
    assert outputs.gradient_off(pairing, z, y).max() < activations.CLOSE
  for wrong in (
    sigmoid._replace(loss=outputs.mismatched),
    sigmoid._replace(loss=outputs.cross_entropy),
    softmax._replace(loss=outputs.binary_cross_entropy),
  ):
    assert outputs.gradient_off(wrong, z, y).max() > 0.01
