"""Each player moves what is its own, in its own turn, by the game's own equations."""

import dataclasses
import math

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from dl_core import train
from dl_core.layers import spectral
from dl_core.models import gan
from dl_core.tasks.gan import GAMES
from dl_core.tasks.gan import gan as task_of
from dl_core.types import Batch
from experiments import gan as experiment
from tests.families import MODULES, config_of

PLAYERS = ('discriminator', 'generator')  # in the order of their turns


def close(a, b):
  return all(jax.tree.leaves(jax.tree.map(lambda x, y: bool(jnp.all(x == y)), a, b)))


@pytest.fixture(scope='module')
def case():
  """A small DCGAN, so that there are statistics, with variables drawn by NumPy."""
  model, rng = gan.dcgan(16, 1, latent=4, width=4), np.random.default_rng(0)
  x = jnp.asarray(rng.uniform(-1, 1, (8, 16, 16, 1)), jnp.float32)
  batch, task = Batch(x, None, jnp.ones(8)), task_of(model)
  shapes = jax.eval_shape(task.init, jax.random.key(1), batch)
  draw = lambda leaf: jnp.asarray(rng.uniform(0.01, 0.1, leaf.shape), leaf.dtype)
  return task, batch, jax.tree.map(draw, shapes)


def test_every_collection_is_split_by_player(case):
  _, _, variables = case
  assert set(variables) == {'params', 'batch_stats'}
  for tree in variables.values():
    assert set(tree) == set(PLAYERS)


@pytest.mark.parametrize('turn', [0, 1])
def test_in_a_turn_the_statistics_of_its_player_alone_move(case, turn):
  task, batch, variables = case
  extra = {'batch_stats': variables['batch_stats']}
  loss = jax.jit(task.losses[turn])
  _, (moved, _) = loss(variables['params'], extra, batch, jax.random.key(2))
  own, other = PLAYERS[turn], PLAYERS[1 - turn]
  chex.assert_trees_all_equal(moved['batch_stats'][other], extra['batch_stats'][other])
  assert not close(moved['batch_stats'][own], extra['batch_stats'][own])


def test_statistics_of_the_discriminator_have_seen_real_images_and_fakes(case):
  task, batch, variables = case
  dull = batch._replace(x=jnp.zeros_like(batch.x))
  extra = {'batch_stats': variables['batch_stats']}
  loss = jax.jit(task.losses[0])
  moved = [
    loss(variables['params'], extra, b, jax.random.key(2))[1][0]['batch_stats']
    for b in (batch, dull)
  ]
  means = [each['discriminator']['BatchNorm_0']['mean'] for each in moved]
  assert not np.allclose(*means)  # of the real ones
  assert np.abs(means[1]).max() > 0  # of the fakes: zeros have a mean of zero


class Seeing(nn.Module):
  """A discriminator whose logit is the spread of an image's pixels."""

  @nn.compact
  def __call__(self, x, *, train):
    return jnp.std(x, axis=(1, 2, 3)) + 0 * self.param(
      'none', nn.initializers.zeros, ()
    )


@pytest.mark.parametrize('turn', [0, 1])
def test_noise_is_what_the_discriminator_sees_in_training_alone(turn):
  players = gan.mlp(16, 1, latent=4, widths=(4,))._replace(discriminator=Seeing())
  batch = Batch(jnp.zeros((8, 16, 16, 1)), None, jnp.ones(8))
  plain, noisy = task_of(players), task_of(players, noise=3.0)
  variables = plain.init(jax.random.key(0), batch)
  losses = [
    float(task.losses[turn](variables['params'], {}, batch, jax.random.key(1))[0])
    for task in (plain, noisy)
  ]
  softplus = lambda s: math.log1p(math.exp(s))
  # Fakes are almost grey, so the spread is that of the noise.
  seen = [softplus(-3) + softplus(3), softplus(-3)][turn]
  assert losses[1] == pytest.approx(seen, abs=0.1)
  assert abs(losses[0] - seen) > 0.3
  evaluated = [
    task.metrics(variables, batch, jax.random.key(2)) for task in (plain, noisy)
  ]
  chex.assert_trees_all_equal(*evaluated)


SMALL = {player: {'w': jnp.array([1.0, -2.0])} for player in PLAYERS}


def optimizers(**changes):
  return experiment.build(dataclasses.replace(experiment.TINY, **changes)).optimizers


@pytest.mark.parametrize('turn', [0, 1])
def test_a_turn_moves_the_parameters_of_its_player_alone(turn):
  optimizer = optimizers()[turn]
  change, _ = optimizer.update(SMALL, optimizer.init(SMALL), SMALL)
  assert np.all(np.abs(change[PLAYERS[turn]]['w']) > 1e-4)
  np.testing.assert_array_equal(change[PLAYERS[1 - turn]]['w'], [0, 0])


@pytest.mark.parametrize('steps', [1, 3])
def test_the_generator_moves_after_so_many_critic_steps_and_only_then(steps):
  critic, generator = optimizers(critic_steps=steps)
  states, moved = [critic.init(SMALL), generator.init(SMALL)], []
  for _ in range(7):
    change, states[0] = critic.update(SMALL, states[0], SMALL)
    assert np.all(change['discriminator']['w'] != 0)
    change, states[1] = generator.update(SMALL, states[1], SMALL)
    moved.append(bool(np.all(change['generator']['w'] != 0)))
  assert [n for n, one in enumerate(moved) if one] == list(range(steps - 1, 7, steps))


def line(x):
  """Players of one parameter each: G makes z·0 + g, D says d·x."""

  class Generator(gan.nn.Module):
    @gan.nn.compact
    def __call__(self, z, *, train):
      g = self.param('g', gan.nn.initializers.constant(x), (1, 1, 1, 1))
      return jnp.zeros((z.shape[0], 1, 1, 1)) + g

  class Discriminator(gan.nn.Module):
    @gan.nn.compact
    def __call__(self, x, *, train):
      d = self.param('d', gan.nn.initializers.constant(0.5), (1,))
      return x[:, 0, 0, 0] * d

  return gan.GAN(Generator(), Discriminator(), 1)


def test_the_generator_plays_against_the_new_discriminator():
  task = task_of(line(2.0))
  batch = Batch(jnp.full((4, 1, 1, 1), 3.0), None, jnp.ones(4))
  params = task.init(jax.random.key(0), batch)['params']
  own = lambda player: optax.partition(
    {True: optax.sgd(0.1), False: optax.set_to_zero()},
    lambda params: {name: name == player for name in params},
  )
  players = tuple(map(own, PLAYERS))
  state = train.TrainState(
    jnp.int32(0),
    params,
    {},
    tuple(each.init(params) for each in players),
    jax.random.key(0),
    jnp.array([0, 0, -1]),
  )
  state, sums = jax.jit(train.make_update(task, players))(state, batch)

  sigmoid = lambda s: 1 / (1 + math.exp(-s))
  d, g = 0.5, 2.0
  # L_D = softplus(-3 d) + softplus(d g); then L_G = softplus(-d g) at the new d.
  loss = math.log1p(math.exp(-3 * d)) + math.log1p(math.exp(d * g))
  d -= 0.1 * (-3 * sigmoid(-3 * d) + g * sigmoid(d * g))
  fooled = math.log1p(math.exp(-d * g))
  g += 0.1 * d * sigmoid(-d * g)
  np.testing.assert_allclose(sums['loss'][0] / 4, loss, rtol=1e-6)
  np.testing.assert_allclose(sums['generator_loss'][0] / 4, fooled, rtol=1e-6)
  np.testing.assert_allclose(state.params['discriminator']['d'][0], d, rtol=1e-6)
  np.testing.assert_allclose(state.params['generator']['g'].ravel(), [g], rtol=1e-6)


def slope(loss, logit):
  return float(jax.grad(GAMES[loss].fool)(jnp.float32(logit)))


def test_both_losses_have_the_same_gradient_where_the_discriminator_is_undecided():
  assert slope('minimax', 0) == slope('nonsaturating', 0) == -0.5


@pytest.mark.parametrize('logit', [-2.0, -5.0, -20.0])
def test_where_the_discriminator_is_sure_the_minimax_gradient_is_smaller(logit):
  ratio = slope('nonsaturating', logit) / slope('minimax', logit)
  assert ratio > 5
  np.testing.assert_allclose(ratio, math.exp(-logit), rtol=1e-4)


@pytest.mark.parametrize('loss', GAMES)
def test_the_generator_gains_where_the_discriminator_is_fooled(loss):
  assert slope(loss, -3.0) < 0
  assert slope(loss, 3.0) < 0  # to minimise -log D is to raise D, in every game


def test_minimax_is_equation_1_as_it_is_written():
  s = np.array([-3.0, 0.2, 4.0])
  d = 1 / (1 + np.exp(-s))
  game = GAMES['minimax']
  np.testing.assert_allclose(game.real(s), -np.log(d), rtol=1e-5)
  np.testing.assert_allclose(game.fake(s), -np.log(1 - d), rtol=1e-5)
  np.testing.assert_allclose(game.fool(s), np.log(1 - d), rtol=1e-5)
  np.testing.assert_allclose(GAMES['nonsaturating'].fool(s), -np.log(d), rtol=1e-5)


def test_hinge_gives_these_values():
  game, s = GAMES['hinge'], jnp.array([-2.0, -0.5, 0.5, 2.0])
  np.testing.assert_array_equal(game.real(s), [3, 1.5, 0.5, 0])
  np.testing.assert_array_equal(game.fake(s), [0, 0.5, 1.5, 3])
  np.testing.assert_array_equal(game.fool(s), [2, 0.5, -0.5, -2])


def test_an_example_of_no_weight_changes_no_metric(case):
  task, batch, variables = case
  masked = batch._replace(weight=batch.weight.at[5:].set(0))
  other = masked._replace(x=batch.x.at[5:].set(7.0))
  judge = jax.jit(task.metrics)
  found = [judge(variables, b, jax.random.key(3)) for b in (masked, other)]
  chex.assert_trees_all_close(*found, rtol=1e-6)
  assert {name: weight for name, (_, weight) in found[0].items()} == dict.fromkeys(
    ('loss', 'generator_loss', 'real_accuracy', 'fake_accuracy'), 5
  )


class Maker(gan.nn.Module):
  """Images [B, 1, 1, 2] of latents and a class, with all that generators keep."""

  @gan.nn.compact
  def __call__(self, x, *, train):
    y = x['latent'] + x['class'][:, None]
    seen = self.variable('average', 'w', jnp.zeros, (3,))
    if train:
      seen.value = seen.value + jnp.mean(y, axis=0)
    return spectral.Dense(2)(y, train=train)[:, None, None]


class Critic(gan.nn.Module):
  """Logits of images and classes, with vectors of spectral norm."""

  @gan.nn.compact
  def __call__(self, x, *, train):
    y = spectral.Dense(3)(x['image'][:, 0, 0], train=train)
    embedded = spectral.Embed(2, 3)(x['class'], train=train)
    return jnp.sum(jnp.tanh(y) * embedded, axis=1)


@pytest.mark.parametrize('turn', [0, 1])
def test_vectors_and_averages_move_in_the_turn_of_their_player_alone(turn):
  random = np.random.default_rng(0)
  x = jnp.asarray(random.normal(size=(4, 1, 1, 2)), jnp.float32)
  batch = Batch(x, jnp.array([0, 1, 1, 0]), jnp.ones(4))
  task = task_of(gan.GAN(Maker(), Critic(), 3, classes=2), 'hinge', r1=1.0)
  variables = dict(jax.jit(task.init)(jax.random.key(0), batch))
  noise = lambda leaf: leaf + jnp.asarray(random.normal(size=leaf.shape), leaf.dtype)
  params, extra = jax.tree.map(noise, variables.pop('params')), variables
  _, (moved, _) = jax.jit(task.losses[turn])(params, extra, batch, jax.random.key(1))
  own, other = PLAYERS[turn], PLAYERS[1 - turn]
  for name, tree in extra.items():
    if other in tree:
      chex.assert_trees_all_equal(moved[name][other], tree[other])
    if own in tree:
      assert not close(moved[name][own], tree[own])


def test_the_penalty_is_half_the_squared_gradient_at_real_images():
  model = line(2.0)
  batch = Batch(jnp.full((4, 1, 1, 1), 3.0), None, jnp.ones(4))
  found = {}
  for r1 in (0.0, 5.0):
    task = task_of(model, r1=r1)
    params = task.init(jax.random.key(0), batch)['params']
    found[r1], (_, sums) = task.losses[0](params, {}, batch, jax.random.key(1))
  penalty = 0.5 * 5.0 * 0.5**2  # D(x) = 0.5 x
  np.testing.assert_allclose(found[5.0] - found[0.0], penalty, rtol=1e-5)
  np.testing.assert_allclose(sums['penalty'][0] / 4, penalty, rtol=1e-5)


@pytest.mark.parametrize('decay', [True, False])
@pytest.mark.parametrize('critic_steps', [1, 4])
@pytest.mark.parametrize('name', ['gan', 'biggan'])
def test_the_rates_of_both_players_fall_with_their_own_updates(
  name, critic_steps, decay, digits_dir
):
  changes = {'steps': 40, 'critic_steps': critic_steps, 'decay': decay}
  e = MODULES[name].build(config_of(name, digits_dir, **changes))
  for player, optimizer in zip(PLAYERS, e.optimizers, strict=True):
    params = dict.fromkeys(PLAYERS, jnp.zeros(()))
    state, update, moves = optimizer.init(params), jax.jit(optimizer.update), []
    for _ in range(40):  # Adam moves by its rate where the gradient is constant
      updates, state = update(dict.fromkeys(PLAYERS, jnp.ones(())), state, params)
      moves.append(float(-updates[player]))
    own = [move for move in moves if move]
    assert len(own) == (40 // critic_steps if player == 'generator' else 40)
    assert (own[-1] < 0.3 * own[0]) == decay
