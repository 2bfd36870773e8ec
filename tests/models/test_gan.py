"""Both players of a GAN agree on the images that pass between them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.models import gan

TINY = {
  'mlp': gan.mlp(16, 1, latent=8, widths=(16, 24)),
  'dcgan': gan.dcgan(16, 1, latent=8, width=4),
}


def shapes(player, x):
  return jax.eval_shape(lambda: player.init(jax.random.key(0), x, train=False))


@pytest.mark.parametrize(('size', 'channels'), [(28, 1), (32, 3), (64, 3), (56, 1)])
@pytest.mark.parametrize('make', [gan.mlp, gan.dcgan])
def test_players_agree_on_the_size_of_images(make, size, channels):
  model = make(size, channels)
  play = lambda player, x: jax.eval_shape(
    lambda: player.init_with_output(jax.random.key(0), x, train=False)[0]
  )
  images = play(model.generator, jnp.zeros((2, model.latent)))
  assert images.shape == (2, size, size, channels)
  assert play(model.discriminator, jnp.zeros(images.shape)).shape == (2,)


@pytest.mark.parametrize('size', [4, 7, 30, 48, 100])
def test_a_size_that_doubling_never_reaches_is_refused(size):
  with pytest.raises(ValueError, match='4 or 7 times 2'):
    gan.dcgan(size, 1)


@pytest.mark.parametrize('model', TINY.values(), ids=TINY)
def test_images_lie_between_black_and_white(model):
  z = jnp.asarray(np.random.default_rng(1).normal(size=(6, model.latent)), jnp.float32)
  variables = jax.tree.map(  # a variance must be positive
    lambda leaf: jnp.full(leaf.shape, 0.1), shapes(model.generator, z)
  )
  images = model.generator.apply(variables, 1e3 * z, train=False)
  assert jnp.max(jnp.abs(images)) <= 1


def test_batch_norm_is_absent_at_the_image_on_both_sides():
  model = gan.dcgan(32, 3)
  made = shapes(model.generator, jnp.zeros((2, 100)))['params']
  judged = shapes(model.discriminator, jnp.zeros((2, 32, 32, 3)))['params']
  widths = lambda tree: [
    own['scale'].size for name, own in tree.items() if name.startswith('BatchNorm')
  ]
  assert widths(made) == [256, 128, 64]  # before every layer but the first
  assert widths(judged) == [128, 256]  # after every layer but the first and the last


def test_the_discriminator_may_have_a_width_of_its_own():
  model = gan.dcgan(32, 3, width=8, critic=4)
  made = shapes(model.generator, jnp.zeros((2, 100)))['params']
  judged = shapes(model.discriminator, jnp.zeros((2, 32, 32, 3)))['params']
  assert made['Transposed_0']['kernel'].shape[-1] == 4 * 8
  assert judged['Conv_0']['kernel'].shape[-1] == 4
