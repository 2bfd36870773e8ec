"""The parameters of published variational autoencoders."""

import jax
import jax.numpy as jnp
import pytest

from dl_core.models import vae

COUNTS = {  # of 784 pixels: pytorch/examples, flax, Burda et al.
  ((400,), 20): 652_824,
  ((500,), 20): 815_824,
  ((200, 200), 50): 425_284,
}


def sizes(model, x):
  keys = {'params': jax.random.key(0), 'draw': jax.random.key(1)}
  return jax.eval_shape(lambda: model.init_with_output(keys, x, train=True))


@pytest.mark.parametrize(('hidden', 'code'), COUNTS)
def test_the_parameters_are_those_of_the_published_models(hidden, code):
  model = vae.VAE((28, 28, 1), hidden, code, samples=3)
  output, variables = sizes(model, jnp.zeros((2, 28, 28, 1)))
  count = sum(leaf.size for leaf in jax.tree.leaves(variables))
  assert count == COUNTS[hidden, code]
  assert output.z.shape == (3, 2, code)
  assert output.decoded.pixels.shape == (3, 2, 28, 28, 1)


def test_a_gaussian_decoder_learns_one_variance():
  model = vae.VAE((4, 4, 1), (8,), 2, likelihood=vae.GAUSSIAN)
  output, variables = sizes(model, jnp.zeros((2, 4, 4, 1)))
  assert output.decoded.logvar.shape == variables['params']['logvar'].shape == ()


def test_convolutions_halve_the_sides_and_the_decoder_doubles_them():
  model = vae.VAE((8, 12, 2), (16,), 3, maps=(4, 6))
  output, variables = sizes(model, jnp.zeros((2, 8, 12, 2)))
  assert output.decoded.pixels.shape == (1, 2, 8, 12, 2)
  kernels = jax.tree.map(jnp.shape, variables['params'])
  assert kernels['encoder']['convolution_2']['kernel'] == (3, 3, 4, 6)
  assert kernels['encoder']['hidden_1']['kernel'] == (2 * 3 * 6, 16)
  assert kernels['decoder']['smallest']['kernel'] == (16, 2 * 3 * 6)
  assert kernels['decoder']['doubling_1']['convolution']['kernel'] == (3, 3, 6, 4 * 4)
  assert kernels['decoder']['pixels']['convolution']['kernel'] == (3, 3, 4, 4 * 2)
