import jax.numpy as jnp
import numpy as np

from dl_core.lessons.networks import softmax


def textbook(z):
  return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


def test_the_entropy_is_the_textbooks_and_none_where_the_answer_is_certain():
  z = np.float64([[1, -2, 0.5], [300, 0, -300]])
  tried = np.array([0.5, 1, 4])
  *_, spread = softmax.measure(jnp.float32(z), jnp.ones((2, 1)), jnp.float32(tried))
  with np.errstate(divide='ignore', invalid='ignore'):
    p = textbook(z / tried[:, None, None])
    wanted = -np.nansum(p * np.log(p), axis=-1)
  np.testing.assert_allclose(spread, wanted, rtol=1e-5, atol=1e-12)
  assert spread[1, 1] == 0
