import jax.numpy as jnp
import numpy as np

from dl_core.lessons.networks import softmax


def textbook(z):
  return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


def test_entropy_and_jacobian_are_the_textbooks():
  z = np.random.default_rng(0).normal(size=5)
  p = textbook(z)
  np.testing.assert_allclose(softmax.entropy(jnp.float32(p)), -p @ np.log(p), rtol=1e-5)
  moved = [(textbook(z + 1e-6 * e) - textbook(z - 1e-6 * e)) / 2e-6 for e in np.eye(5)]
  np.testing.assert_allclose(softmax.jacobian(jnp.float32(p)), moved, atol=1e-6)


def test_a_certain_answer_has_no_entropy():
  assert softmax.entropy(jnp.array([0.0, 1.0, 0.0])) == 0
