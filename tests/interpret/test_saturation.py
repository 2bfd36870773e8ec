"""The gradient vanishes under one loss of the generator and not under the other."""

import dataclasses

import jax
import numpy as np
import pytest

from dl_core import train, types
from dl_core.interpret import saturation
from dl_core.models import gan as models
from dl_core.report import svg
from experiments import gan


@pytest.fixture(scope='module')
def tiny(digits_dir):
  """An experiment, and its state before the first step."""
  c = dataclasses.replace(gan.TINY, steps=25, data_dir=digits_dir, learning_rate=3e-3)
  e = gan.build(c)
  return e, jax.jit(lambda: train.init_state(e, jax.random.key(0)))()


def test_a_discriminator_ahead_starves_the_minimax_loss_alone(tiny):
  e, start = tiny
  c = e.config
  run, alone = saturation.replay(e, models.mlp(c.size, 1, c.latent))(start)
  for found in (run, alone):
    assert found.ratio.shape == (25,)
    assert 0.5 < found.ratio[0] < 2
  assert alone.believed[-1] < 0.05 < alone.believed[0]
  assert alone.believed[-1] < run.believed[-1]  # the generator fought back
  assert alone.ratio[-1] > 5
  assert alone.minimax[-1] < alone.minimax.max() / 2
  picture = saturation.picture(run, alone)
  assert f'{saturation.words(alone.ratio[-1])} times as large in' in picture.caption
  assert svg.draw(picture).art.startswith('<svg')


@pytest.mark.parametrize('logit', [0.0, -3.0])
def test_the_gradients_differ_by_the_odds_where_all_fakes_look_alike(tiny, logit):
  _, start = tiny
  params = jax.tree.map(lambda leaf: leaf, start.params)
  for player, layer in (('generator', 'Dense_0'), ('discriminator', 'Dense_2')):
    own = params[player][layer]
    kernel = np.zeros_like(own['kernel']) if player == 'generator' else own['kernel']
    params[player][layer] = {'kernel': kernel, 'bias': own['bias'] + logit}
  params['generator']['Dense_0']['bias'] = np.zeros(256, np.float32)
  model, x = models.mlp(16, 1, 8), np.zeros((8, 16, 16, 1), np.float32)
  batch = types.Batch(x, None, np.ones(8, np.float32))
  measure = jax.jit(saturation.measure, static_argnums=0)
  found = measure(model, params, {}, batch, jax.random.key(0))
  np.testing.assert_allclose(
    found.nonsaturating / found.minimax, np.exp(-logit), rtol=1e-4
  )
  np.testing.assert_allclose(found.believed, 1 / (1 + np.exp(-logit)), rtol=1e-4)


@pytest.mark.parametrize(
  ('ratio', 'said'), [(0.67312, '0.673'), (2.0, '2'), (75_312.5, '75,300')]
)
def test_a_ratio_is_written_for_a_person(ratio, said):
  assert saturation.words(ratio) == said
