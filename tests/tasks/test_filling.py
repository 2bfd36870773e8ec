"""Only what is in the hole is judged, and against a critic each player moves alone."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from dl_core import metrics, train
from dl_core.data import holes
from dl_core.models import context_encoder, encoder
from dl_core.tasks import adversarial, filling
from dl_core.types import Batch
from experiments import inpainting

KEY = jax.random.key(1)
WIDTHS = (2, 2, 4, 4)
MODEL = context_encoder.ContextEncoder(WIDTHS, 4)


class Say(nn.Module):
  """Says what its parameters are, whatever it reads."""

  @nn.compact
  def __call__(self, x, *, train):
    return self.param('said', nn.initializers.zeros, x.shape)


@pytest.fixture(scope='module')
def batch():
  x = np.random.RandomState(0).rand(5, 8, 8, 1).astype(np.float32)
  own = Batch(jnp.asarray(x), None, jnp.array([1.0, 1, 1, 1, 0]))
  return jax.jit(holes.hide('random'))(jax.random.key(0), own)


def test_the_gradient_by_the_answer_is_zero_outside_the_hole(batch):
  loss = filling.filling(Say()).losses[0]
  slope = jax.jit(jax.grad(lambda params: loss(params, {}, batch, KEY)[0]))
  slope = np.asarray(slope({'said': jnp.zeros_like(batch.y)})['said'])
  hole, y = np.asarray(batch.weight > 0), np.asarray(batch.y)
  assert (slope[~hole] == 0).all()
  wanted = -2 * y[hole] / hole.sum()  # of the mean of (0 - y)²
  np.testing.assert_allclose(slope[hole], wanted, rtol=1e-5)


def test_the_ratio_is_that_of_the_mean_error_of_each_image(batch):
  square = jnp.where(batch.weight > 0, 0.01, 5.0)
  total, count = filling.psnr(square, batch.weight)
  assert (total / count, count) == (pytest.approx(20), 4)


def test_what_fills_without_learning_is_scored_in_the_hole_alone(batch):
  wrong = lambda x, weight: np.where(weight > 0, np.asarray(batch.y) + 0.1, 7.0)
  found = filling.errors(wrong, [batch, batch])
  assert found == {'loss': pytest.approx(0.01), 'psnr': pytest.approx(20)}


@pytest.fixture(scope='module')
def game(batch):
  """Both players, and what each says and minimises of a batch and its weights."""
  task = adversarial.adversarial(MODEL, encoder.Classifier(1, WIDTHS), 0.5)
  params = jax.jit(task.init)(KEY, batch)['params']

  @jax.jit
  def turns(params, weight):
    own = batch._replace(weight=weight)
    learn = lambda loss: jax.value_and_grad(loss, has_aux=True)(params, {}, own, KEY)
    return [learn(loss) for loss in task.losses]

  return params, turns


@pytest.mark.parametrize(('turn', 'mover'), [(0, True), (1, False)])
def test_in_its_turn_each_player_alone_moves(game, turn, mover):
  params, _ = game
  own = adversarial.turns(optax.sgd(1.0))[turn]
  change, _ = own.update(jax.tree.map(jnp.ones_like, params), own.init(params), params)
  for name, tree in change.items():
    moves = [bool(jnp.any(leaf != 0)) for leaf in jax.tree.leaves(tree)]
    assert all(moves) if (name == 'critic') == mover else not any(moves), name


def test_the_model_minimises_its_share_of_both_losses(game, batch):
  params, turns = game
  _, ((value, (_, sums)), _) = turns(params, batch.weight)
  means = metrics.mean(sums)
  np.testing.assert_allclose(value, (means['loss'] + means['fooled']) / 2, rtol=1e-5)


def test_both_players_learn_from_the_hole_and_neither_from_padding(game, batch):
  params, turns = game
  (_, critic), (_, model) = turns(params, batch.weight)
  for slope in (critic['critic'], adversarial.without(model)):
    assert any(bool(jnp.any(leaf != 0)) for leaf in jax.tree.leaves(slope))
  (_, critic), (_, model) = turns(params, jnp.zeros_like(batch.weight))
  assert not any(bool(jnp.any(leaf != 0)) for leaf in jax.tree.leaves((critic, model)))


def test_a_game_trains_to_a_result(digits_dir):
  c = dataclasses.replace(inpainting.TINY, adversarial=0.1, data_dir=digits_dir)
  line = train.fit(inpainting.build(c)).lines[-1]
  assert {'loss', 'psnr', 'critic_loss', 'fooled', 'interpolation'} <= line.keys()
