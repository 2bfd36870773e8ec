import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import pooling, upsampling


def begun(layer, x):
  return layer.apply(layer.init(jax.random.key(1), x), x)


@pytest.mark.parametrize('kind', upsampling.KINDS)
@pytest.mark.parametrize('factor', [2, 4])
def test_an_upsampling_begins_as_bilinear_interpolation(factor, kind):
  x = jax.random.normal(jax.random.key(0), (2, 5, 6, 3))
  found = begun(upsampling.Upsample(factor, kind), x)
  assert found.shape == (2, 6 * factor, 7 * factor, 3)
  wanted = jax.image.resize(x, (2, 5 * factor, 6 * factor, 3), 'bilinear')
  half = factor // 2
  found = found[:, half:-half, half:-half]
  inner = slice(factor, -factor)  # beyond the edge one adds zeros, the other repeats
  np.testing.assert_allclose(found[:, inner, inner], wanted[:, inner, inner], atol=1e-5)


def test_only_a_fixed_one_has_no_parameters_and_only_a_learned_one_mixes_channels():
  x = jax.random.normal(jax.random.key(0), (1, 4, 4, 2))
  fixed = upsampling.Upsample(2, 'bilinear')
  assert jax.tree.leaves(fixed.init(jax.random.key(0), x)) == []
  for kind, mixes in (('grouped', False), ('learned', True)):
    layer = upsampling.Upsample(2, kind)
    variables = layer.init(jax.random.key(0), x)
    gradient = jax.grad(lambda v, f=layer: jnp.sum(f.apply(v, x)[..., 0] ** 2))
    (kernel,) = jax.tree.leaves(gradient(variables))
    assert np.all(kernel[..., 0] != 0)  # of the first output; also from input 1
    if not mixes:
      assert not np.any(kernel[..., 1])


def test_upsampling_a_ramp_gives_the_ramp():
  x = jnp.broadcast_to(jnp.arange(6.0)[None, None, :, None], (1, 6, 6, 1))
  found = begun(upsampling.Upsample(4), x)[0, 12, 4:-4, 0]
  np.testing.assert_allclose(np.diff(found), 0.25, atol=1e-6)


@pytest.mark.parametrize(('side', 'factor'), [(2, 2), (4, 2), (3, 3), (8, 4)])
def test_a_transposed_convolution_adds_its_kernel_at_every_place(side, factor):
  x = jax.random.normal(jax.random.key(0), (2, 3, 4, 2))
  kernel = jax.random.normal(jax.random.key(1), (side, side, 2, 5))
  found = upsampling.transposed(x, kernel, factor)
  wanted = np.zeros(found.shape, np.float32)
  for row in range(3):
    for column in range(4):
      top, left = row * factor, column * factor
      wanted[:, top : top + side, left : left + side] += np.einsum(
        'bc,ijcf->bijf', x[:, row, column], kernel
      )
  np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_with_its_corners_kept_a_map_is_scaled_between_them():
  x = jnp.arange(4.0).reshape(1, 2, 2, 1)
  found = upsampling.resized(x, (3, 5), corners=True)[0, ..., 0]
  np.testing.assert_allclose(found[0], [0, 0.25, 0.5, 0.75, 1])
  np.testing.assert_allclose(found[:, 0], [0, 1, 2])
  one = upsampling.resized(x[:, :1, :1], (2, 3), corners=True)
  np.testing.assert_array_equal(one, jnp.zeros((1, 2, 3, 1)))


def test_without_them_its_edges_stay_where_they_are():
  x = jax.random.normal(jax.random.key(0), (1, 3, 5, 2))
  found = upsampling.resized(x, (6, 9))
  wanted = jax.image.resize(x, (1, 6, 9, 2), 'linear', antialias=False)
  np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_unpooling_puts_a_maximum_back_where_it_was():
  x = jnp.array([[1, 5, 2, 2], [3, 4, 2, 0]], jnp.float32).reshape(1, 2, 4, 1)
  values, places = pooling.with_places(x)
  assert values[0, 0, :, 0].tolist() == [5, 2]
  assert places[0, 0, :, 0].tolist() == [1, 0]  # of equals the first in row order
  found = pooling.unpooled(values, places)[0, ..., 0]
  assert found.tolist() == [[0, 5, 2, 0], [0, 0, 0, 0]]
  gradient = jax.grad(lambda x: jnp.sum(pooling.with_places(x)[0]))(x)
  assert gradient[0, ..., 0].tolist() == [[0, 1, 1, 0], [0, 0, 0, 0]]


def test_an_odd_side_has_no_windows():
  with pytest.raises(ValueError, match='3 x 4 places'):
    pooling.with_places(jnp.zeros((1, 3, 4, 1)))
