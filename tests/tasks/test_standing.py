"""What is evaluated has statistics and vectors of its own, whatever training left."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from dl_core import config
from dl_core.layers import norm, spectral
from dl_core.models import gan
from dl_core.tasks import optimizers, players, standing
from dl_core.train import evaluate, update
from dl_core.types import Data, Experiment, Spec, Task


class Maker(nn.Module):
  """Images [B, 1, 1, 3] of latents, with all that generators keep."""

  @nn.compact
  def __call__(self, z, *, train):
    seen = self.variable('average', 'w', jnp.zeros, ())
    if train:
      seen.value = seen.value + 1
    y = spectral.Dense(3)(z, train=train)
    return norm.BatchNorm(not train, 0.9)(y)[:, None, None]


MODEL = gan.GAN(Maker(), nn.Dense(1), 4)


@pytest.fixture(scope='module')
def variables():
  """Of both players; statistics and vectors are those of no weights in particular."""
  random = np.random.default_rng(0)
  begun = MODEL.generator.init(jax.random.key(0), jnp.zeros((1, 4)), train=False)
  own = jax.tree.map(
    lambda leaf: jnp.asarray(random.normal(size=leaf.shape), leaf.dtype), begun
  )
  return {name: {'generator': t, 'discriminator': t} for name, t in own.items()}


def test_statistics_and_vectors_are_those_of_the_weights(variables):
  found = standing.standing(MODEL)(variables)
  own = gan.of(found, 'generator')
  (kernel,), (u,) = spectral.kernels(own).values(), spectral.vectors(own).values()
  sigma, _ = spectral.iterated(kernel, u)
  np.testing.assert_allclose(sigma, np.linalg.norm(kernel, 2), rtol=1e-4)
  y = spectral.Dense(3).apply(
    {
      'params': own['params']['Dense_0'],
      'spectral': own['spectral']['Dense_0'],
    },
    jax.random.normal(jax.random.key(1), (10_000, 4)),
    train=False,
  )
  stats = own['batch_stats']['BatchNorm_0']
  np.testing.assert_allclose(stats['mean'], jnp.mean(y, axis=0), atol=0.1)
  np.testing.assert_allclose(stats['var'], jnp.var(y, axis=0), rtol=0.2)


def test_nothing_else_moves(variables):
  found = standing.standing(MODEL)(variables)
  for name, tree in variables.items():
    chex.assert_trees_all_equal(found[name]['discriminator'], tree['discriminator'])
  for name in ('params', 'average'):
    chex.assert_trees_all_equal(found[name]['generator'], variables[name]['generator'])


def test_what_is_evaluated_is_the_average_settled(variables):
  average = optax.masked(
    optimizers.average(0.9), {'generator': True, 'discriminator': False}
  )
  params, extra = (
    variables['params'],
    {n: t for n, t in variables.items() if n != 'params'},
  )
  opt_state = (average.init(params),)
  doubled = jax.tree.map(lambda leaf: 2 * leaf, params)
  state = update.TrainState(
    jnp.int32(0), doubled, extra, opt_state, jax.random.key(0), jnp.zeros(3, jnp.int32)
  )
  none = lambda *given: None
  e = Experiment(
    config.Config(),
    Task(none, (), none),
    (average,),
    Data(Spec(None, 'none'), none, none, {}),
    averaged=players.averaged('generator'),
    settled=standing.standing(MODEL),
  )
  found = evaluate.variables(e, state)
  chex.assert_trees_all_equal(found['params']['generator'], params['generator'])
  chex.assert_trees_all_equal(
    found['params']['discriminator'], doubled['discriminator']
  )
  chex.assert_trees_all_equal(
    found['batch_stats'], standing.standing(MODEL)(variables)['batch_stats']
  )


def test_perceptrons_keep_nothing_and_stay_as_they_are():
  model = gan.mlp(8, 1, latent=2, widths=(3,))
  given = {'params': {'generator': {}, 'discriminator': {}}}
  assert standing.standing(model)(given) is given
