"""A dilated convolution is one whose kernel has zeros between its taps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import convolution
from dl_core.layers.cpu import dilation


@pytest.mark.parametrize(
  ('sides', 'rate', 'padding'),
  [
    ((8, 8), 2, ((2, 2), (2, 2))),
    ((7, 10), 4, ((4, 4), (4, 4))),
    ((9, 11), 3, ((0, 1), (2, 0))),
    ((4, 5), 4, ((4, 4), (4, 4))),
  ],
)
def test_interleaved_places_give_what_the_dilated_kernel_gives(sides, rate, padding):
  x = jax.random.normal(jax.random.key(0), (2, *sides, 3))
  kernel = jax.random.normal(jax.random.key(1), (3, 3, 3, 4))

  def plain(x, kernel):
    return jax.lax.conv_general_dilated(
      x, kernel, (1, 1), padding, rhs_dilation=(rate, rate),
      dimension_numbers=convolution.AXES,
    )  # fmt: skip

  own = lambda x, kernel: dilation.convolve(x, kernel, padding, rate)
  wanted = plain(x, kernel)
  np.testing.assert_allclose(own(x, kernel), wanted, atol=1e-5)
  weights = jax.random.normal(jax.random.key(2), wanted.shape)
  total = lambda f: lambda x, kernel: jnp.sum(weights * f(x, kernel))
  for one, other in zip(
    jax.grad(total(own), (0, 1))(x, kernel),
    jax.grad(total(plain), (0, 1))(x, kernel),
    strict=True,
  ):
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_the_layer_keeps_the_sides_and_has_the_parameters_of_a_plain_one():
  x = jax.random.normal(jax.random.key(0), (1, 9, 9, 2))
  pad = ((2, 2), (2, 2))
  layer = convolution.Conv(3, (3, 3), padding=pad, dilation=2)
  found, variables = layer.init_with_output(jax.random.key(1), x)
  assert found.shape == (1, 9, 9, 3)
  assert variables['params']['kernel'].shape == (3, 3, 2, 3)
