import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import upsampling


@pytest.mark.parametrize('factor', [2, 4])
def test_an_upsampling_begins_as_bilinear_interpolation(factor):
  x = jax.random.normal(jax.random.key(0), (2, 5, 6, 3))
  layer = upsampling.Upsample(factor)
  found = layer.apply(layer.init(jax.random.key(1), x), x)
  wanted = jax.image.resize(x, (2, 5 * factor, 6 * factor, 3), 'bilinear')
  inner = slice(factor, -factor)  # beyond the edge one adds zeros, the other repeats
  np.testing.assert_allclose(found[:, inner, inner], wanted[:, inner, inner], atol=1e-5)
  assert found.shape == wanted.shape


def test_its_kernel_mixes_channels_once_it_is_trained():
  x = jnp.ones((1, 4, 4, 2))
  layer = upsampling.Upsample()
  variables = layer.init(jax.random.key(0), x)
  gradient = jax.grad(lambda v: jnp.sum(layer.apply(v, x)[..., 0] ** 2))(variables)
  (kernel,) = jax.tree.leaves(gradient)
  assert np.all(kernel[..., 1, 0] != 0)
