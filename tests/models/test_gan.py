"""Both players have the shapes, the sizes and the statistics that they should have."""

import chex
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


def sizes(model, size, channels):
  inputs = jnp.zeros((2, model.latent)), jnp.zeros((2, size, size, channels))
  trees = [shapes(p, x)['params'] for p, x in zip(model[:2], inputs, strict=True)]
  return [sum(leaf.size for leaf in jax.tree.leaves(tree)) for tree in trees]


def filled(shapes):
  """Draws variables, positive ones (a variance must be), with nothing to compile."""
  rng = np.random.default_rng(0)
  return jax.tree.map(
    lambda leaf: np.float32(rng.uniform(0.01, 0.1, leaf.shape)), shapes
  )


@pytest.fixture(params=TINY, scope='module')
def case(request):
  """A model, inputs of its players, and their variables."""
  model, rng = TINY[request.param], np.random.default_rng(1)
  inputs = {
    'generator': jnp.asarray(rng.normal(size=(6, model.latent)), jnp.float32),
    'discriminator': jnp.asarray(rng.uniform(-1, 1, (6, 16, 16, 1)), jnp.float32),
  }
  variables = {
    player: filled(shapes(getattr(model, player), x)) for player, x in inputs.items()
  }
  return model, inputs, variables


def test_dcgan_of_64_pixels_is_as_large_as_the_published_code():
  assert sizes(gan.dcgan(64, 3), 64, 3) == [3_576_704, 2_765_568]


def test_mlp_players_are_as_large_as_their_widths_say():
  generator = 128 * 256 + 256 + 256 * 512 + 512 + 512 * 784 + 784
  discriminator = 784 * 512 + 512 + 512 * 256 + 256 + 256 + 1
  assert sizes(gan.mlp(28, 1), 28, 1) == [generator, discriminator]


@pytest.mark.parametrize(('size', 'channels'), [(28, 1), (32, 3), (64, 3), (56, 1)])
@pytest.mark.parametrize('make', [gan.mlp, gan.dcgan])
def test_players_speak_of_images_of_one_size(make, size, channels):
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


def test_images_lie_between_black_and_white(case):
  model, inputs, variables = case
  images = model.generator.apply(
    variables['generator'], 1e3 * inputs['generator'], train=False
  )
  assert jnp.max(jnp.abs(images)) <= 1


@pytest.mark.parametrize('player', ['generator', 'discriminator'])
def test_an_input_is_answered_alike_in_any_company(case, player):
  model, inputs, variables = case
  run = lambda x: getattr(model, player).apply(variables[player], x, train=False)
  x = inputs[player]
  np.testing.assert_allclose(run(x)[:1], run(x[:1]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('player', ['generator', 'discriminator'])
def test_every_parameter_has_a_finite_gradient_that_is_not_zero(case, player):
  model, inputs, variables = case
  own = variables[player]

  def total(params):
    output, _ = getattr(model, player).apply(
      own | {'params': params}, inputs[player], train=True, mutable=['batch_stats']
    )
    return jnp.sum(jnp.sin(3 * output + 1))

  gradients = jax.jit(jax.grad(total))(own['params'])
  chex.assert_tree_all_finite(gradients)
  dead = jax.tree.map(lambda gradient: not jnp.any(gradient), gradients)
  assert not any(jax.tree.leaves(dead)), dead


def test_batch_norm_is_absent_at_the_image_on_both_sides():
  model = gan.dcgan(32, 3)
  made = shapes(model.generator, jnp.zeros((2, 100)))['params']
  judged = shapes(model.discriminator, jnp.zeros((2, 32, 32, 3)))['params']
  widths = lambda tree: [
    own['scale'].size for name, own in tree.items() if name.startswith('BatchNorm')
  ]
  assert widths(made) == [256, 128, 64]  # before every layer but the first
  assert widths(judged) == [128, 256]  # after every layer but the first and the last
