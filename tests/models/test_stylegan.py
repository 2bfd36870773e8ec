"""A StyleGAN mixes, averages and truncates styles, and grows one size at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import deviation, growth, resampling
from dl_core.models import stylegan

MODEL = stylegan.make(8, 1, latent=5, base=16, most=4, layers=1)


@pytest.fixture(scope='module')
def made():
  """Variables of a small generator, and latents."""
  z = np.float32(np.random.default_rng(0).normal(size=(6, 5)))
  init = jax.jit(MODEL.generator.init, static_argnames='train')
  return init(jax.random.key(0), z, train=False), z


@jax.jit
def trained(variables, z, key):
  return MODEL.generator.apply(
    variables, z, train=True, rngs={'draw': key}, mutable=[stylegan.AVERAGE]
  )


@jax.jit
def styled(variables, z, psi):
  return MODEL.generator.apply(variables, z, psi, 3, train=False, method='styled')


def test_the_average_of_w_moves_in_training_alone(made):
  variables, z = made
  _, moved = trained(variables, z, jax.random.key(1))
  w = styled(variables, z, 1.0)[:, 0]
  np.testing.assert_allclose(
    moved[stylegan.AVERAGE]['w'], 0.005 * np.mean(w, axis=0), rtol=1e-4, atol=1e-8
  )


def test_truncation_draws_the_first_styles_to_the_average_and_leaves_the_others(made):
  variables, z = made
  mean = jnp.arange(5.0)
  variables = {**variables, stylegan.AVERAGE: {'w': mean}}
  w, half, none = (np.asarray(styled(variables, z, psi)) for psi in (1.0, 0.5, 0.0))
  np.testing.assert_array_equal(none[:, :3], np.broadcast_to(mean, (6, 3, 5)))
  np.testing.assert_allclose(half[:, :3], (w[:, :3] + mean[None, None]) / 2, rtol=1e-5)
  np.testing.assert_array_equal(half[:, 3:], w[:, 3:])


def test_noise_differs_in_training_and_never_in_evaluation(made):
  variables, z = made
  loud = jax.tree_util.tree_map_with_path(
    lambda path, leaf: leaf + 1.0 * (getattr(path[-1], 'key', '') == 'noise'), variables
  )
  draws = [trained(loud, z, jax.random.key(n))[0] for n in (1, 2)]
  assert np.max(np.abs(draws[0] - draws[1])) > 1e-3
  calm = jax.jit(lambda z: MODEL.generator.apply(loud, z, train=False))
  np.testing.assert_array_equal(calm(z), calm(z))


@pytest.mark.parametrize(
  ('images', 'wanted'),
  [(0, 2.0), (50, 2.0), (75, 1.5), (100, 1.0), (175, 0.5), (200, 0.0), (900, 0.0)],
)
def test_sizes_are_missing_until_their_images_are_counted(images, wanted):
  # 8, 16 and 32 pixels: sides of 4 to 32 are four sizes, and 8 is the first.
  assert float(growth.missing(jnp.float32(images), 100, 4)) == wanted


def test_a_batch_of_equal_images_has_no_deviation_and_another_has():
  x = np.float32(np.random.default_rng(1).normal(size=(8, 2, 2, 3)))
  alike = deviation.deviating(np.repeat(x[:1], 8, axis=0))[..., -1]
  np.testing.assert_allclose(alike, 1e-4, rtol=1e-3)  # √(0 + 1e-8)
  groups = x.reshape(4, 2, 2, 2, 3).std(axis=0).mean(axis=(1, 2, 3))
  found = deviation.deviating(x)[:, 0, 0, -1]
  np.testing.assert_allclose(found, np.tile(groups, 4), rtol=1e-5)


def test_blurring_keeps_a_constant_inside_and_halves_what_alternates():
  x = jnp.ones((1, 5, 5, 1))
  np.testing.assert_array_equal(resampling.blurred(x)[0, 1:-1, 1:-1, 0], 1)
  stripes = jnp.broadcast_to(
    jnp.array([1.0, -1, 1, -1, 1])[None, :, None, None], x.shape
  )
  np.testing.assert_array_equal(resampling.blurred(stripes)[0, 1:-1, 1:-1, 0], 0)
