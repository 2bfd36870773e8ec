import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.lessons.networks import activations

Z = np.random.default_rng(0).normal(size=200) * 4


def sigmoid(z):
  return 1 / (1 + np.exp(-z))


# {name: (f, f')}, as the lecture writes them, in float64.
TEXTBOOK = {
  'step': (lambda z: np.float64(z > 0), lambda z: 0 * z),
  'identity': (lambda z: z, lambda z: 1 + 0 * z),
  'sigmoid': (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
  'tanh': (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
  'ReLU': (lambda z: np.maximum(z, 0), lambda z: np.float64(z > 0)),
}


@pytest.mark.parametrize('name', activations.ACTIVATIONS)
def test_an_activation_and_its_slope_are_the_textbooks(name):
  for ours, theirs in zip(activations.ACTIVATIONS[name], TEXTBOOK[name], strict=True):
    np.testing.assert_allclose(ours(jnp.float32(Z)), theirs(Z), atol=1e-6)


@pytest.mark.parametrize('name', activations.ACTIVATIONS)
def test_a_slope_written_out_is_the_one_that_jax_grad_finds(name):
  f, slope = activations.ACTIVATIONS[name]
  z = jnp.float32(Z)
  found = jax.vmap(jax.grad(f))(z)
  np.testing.assert_allclose(slope(z), found, atol=activations.CLOSE)


def test_the_slope_of_a_relu_is_zero_at_zero_as_it_is_for_jax():
  relu = activations.ACTIVATIONS['ReLU']
  assert relu.slope(jnp.float32(0)) == jax.grad(relu.f)(0.0) == 0


def test_a_slope_far_from_zero_is_small_and_not_rounded_to_zero():
  slope = activations.ACTIVATIONS['sigmoid'].slope
  np.testing.assert_allclose(slope(jnp.float32(30)), np.exp(-30), rtol=1e-5)
  np.testing.assert_allclose(slope(jnp.float32(-30)), np.exp(-30), rtol=1e-5)
