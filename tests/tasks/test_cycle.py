"""Generators move first, critics judge what these made, and pools are theirs alone."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import PartitionSpec as P

from dl_core import config, train
from dl_core.data import drawn
from dl_core.models import cyclegan
from dl_core.runtime.sharding import Layout, make_mesh
from dl_core.tasks import cycle as tasks
from dl_core.tasks import players
from dl_core.types import Batch, Experiment
from tests.families import MODULES, config_of

SIDES = ('first', 'second')
MIXED = jax.jit(tasks.mixed)


@pytest.fixture(scope='module')
def case():
  """A small CycleGAN and a batch of two images of each domain."""
  model, rng = cyclegan.make(1, width=2, blocks=1, layers=1), np.random.default_rng(0)
  x = {
    side: jnp.asarray(rng.uniform(-1, 1, (2, 8, 8, 1)), jnp.float32) for side in SIDES
  }
  batch, task = (
    Batch(x, None, dict.fromkeys(SIDES, jnp.ones(2))),
    tasks.cycle(model, pool=3),
  )
  variables = jax.jit(task.init)(jax.random.key(1), batch)
  return model, tuple(map(jax.jit, task.losses)), batch, variables


def turn(case, number, extra=None):
  _, losses, batch, variables = case
  given = extra or {name: variables[name] for name in ('fakes', 'pool')}
  value, (moved, sums) = losses[number](
    variables['params'], given, batch, jax.random.key(2)
  )
  return value, moved, sums


def test_the_generators_leave_translations_and_no_pool_moves(case):
  _, moved, _ = turn(case, 0)
  chex.assert_trees_all_equal(moved['pool'], case[-1]['pool'])
  for side in SIDES:
    assert jnp.max(jnp.abs(moved['fakes'][side])) > 0


def test_the_critics_judge_these_translations_and_the_pools_take_them(case):
  _, made, _ = turn(case, 0)
  value, moved, _ = turn(case, 1, made)
  chex.assert_trees_all_equal(moved['fakes'], made['fakes'])
  assert int(moved['pool']['count']) == 2
  for side in SIDES:
    np.testing.assert_array_equal(moved['pool'][side][:2], made['fakes'][side])
    np.testing.assert_array_equal(moved['pool'][side][2], 0)
  assert value != turn(case, 1)[0]  # as blank translations would be judged


def test_the_losses_are_those_of_the_paper(case):
  model, _, batch, variables = case
  size, square = lambda x: jnp.mean(jnp.abs(x)), lambda x: jnp.mean(jnp.square(x))

  @jax.jit
  def expected(params):
    play = lambda player, x: getattr(model, player).apply(
      {'params': params[player]}, x, train=True
    )
    first, second = (batch.x[side] for side in SIDES)
    there, back = play('there', first), play('back', second)
    fooled = square(play('second', there) - 1) + square(play('first', back) - 1)
    cycle = size(play('back', there) - first) + size(play('there', back) - second)
    same = size(play('there', second) - second) + size(play('back', first) - first)
    judged = square(play('first', first) - 1) + square(play('first', back))
    judged += square(play('second', second) - 1) + square(play('second', there))
    return cycle, fooled + 10 * cycle + 5 * same, judged / 2

  cycle, made, judged = expected(variables['params'])
  value, moved, sums = turn(case, 0)
  np.testing.assert_allclose(value, made, rtol=1e-4)
  np.testing.assert_allclose(sums['cycle'][0] / 2, cycle, rtol=1e-4)
  np.testing.assert_allclose(turn(case, 1, moved)[0], judged, rtol=1e-4)


@pytest.mark.parametrize('side', SIDES)
def test_a_pair_of_which_one_image_is_padding_changes_no_metric(case, side):
  _, losses, batch, variables = case
  batch = batch._replace(weight=batch.weight | {side: jnp.array([1.0, 0.0])})
  blank = batch._replace(x={name: x.at[1].set(0) for name, x in batch.x.items()})
  extra = {name: variables[name] for name in ('fakes', 'pool')}
  for play in losses:  # the critics judge the same translations
    (_, (moved, found)), (_, (_, other)) = (
      play(variables['params'], extra, each, jax.random.key(2))
      for each in (batch, blank)
    )
    chex.assert_trees_all_close(found, other, rtol=1e-5)
    extra = moved


def test_on_a_mesh_translations_and_pools_are_split_as_batches():
  e = MODULES['cyclegan'].build(config_of('cyclegan', ''))
  state = jax.eval_shape(lambda: train.init_state(e, jax.random.key(0)))
  layout = Layout(make_mesh('fsdp:2,tensor:4'), e.partition, 64)
  found = layout(state).extra
  for name in ('fakes', 'pool'):
    for side in SIDES:
      assert found[name][side].spec == P(('data', 'fsdp'), None, None, None)


def numbers(*values):
  return jnp.asarray(values, jnp.float32)[:, None, None, None]


def passed(pool, count, values, key=0):
  given = {'first': pool, 'count': jnp.int32(count)}
  shown, moved = MIXED(given, {'first': numbers(*values)}, jax.random.key(key))
  return shown['first'].ravel(), moved['first'].ravel(), int(moved['count'])


def test_a_pool_fills_before_it_gives_anything_back():
  shown, kept, count = passed(numbers(0, 0, 0, 0), 1, [7, 8])
  np.testing.assert_array_equal(shown, [7, 8])
  np.testing.assert_array_equal(kept, [0, 7, 8, 0])
  assert count == 3


def test_a_full_pool_gives_back_half_the_time_what_it_then_no_longer_has():
  given = 0
  for key in range(40):
    shown, kept, count = passed(numbers(1, 2, 3), 3, [9], key)
    assert count == 3
    assert sorted([*kept, *shown]) == [1, 2, 3, 9]
    given += shown[0] != 9
  assert 8 < given < 32


def test_a_run_that_goes_on_with_half_full_pools_ends_as_if_it_had_not_stopped(
  tmp_path,
):
  model = cyclegan.make(1, width=2, blocks=0, layers=1)

  def draw(key, count):
    keys = jax.random.split(key)
    x = {
      side: jax.random.uniform(k, (count, 8, 8, 1), minval=-1)
      for side, k in zip(SIDES, keys, strict=True)
    }
    return x, dict.fromkeys(SIDES, jnp.zeros(count, jnp.int32))

  def experiment():
    adam = optax.adam(1e-3, b1=0.5)
    return Experiment(
      config.Config(steps=4, batch_size=2, eval_every=4, checkpoint_every=4),
      tasks.cycle(model, identity=0.0, pool=6),
      (players.turn(adam, 'there', 'back'), players.turn(adam, *SIDES)),
      drawn.computed('noise/1', draw, 2, batches=1),
    )

  whole = train.fit(experiment())
  calls = iter(range(100))
  cut = train.fit(experiment(), tmp_path, interrupted=lambda: next(calls) == 2).state
  assert 0 < int(cut.extra['pool']['count']) < 6
  resumed = train.fit(experiment(), tmp_path).state
  for name in ('params', 'extra', 'opt_state'):
    chex.assert_trees_all_equal(getattr(resumed, name), getattr(whole.state, name))
  assert int(resumed.extra['pool']['count']) == 6
