"""The step of several players, of which the losses take turns."""

import jax
import jax.numpy as jnp
import optax

from dl_core import train
from dl_core.data import toys
from dl_core.train import update
from dl_core.types import Experiment, Task


def start(task, optimizers):
  e = Experiment(None, task, optimizers, toys.gate_data('and', 1))
  return train.init_state(e, jax.random.key(0))


def one_update(task, optimizers):
  return jax.jit(train.make_update(task, optimizers))(start(task, optimizers), None)


def players(second):
  """Two players: a goes to 3 in the first turn, the second has a loss of its own."""

  def first(params, extra, batch, key):
    return (params['a'] - 3) ** 2 / 2, (extra, {'first': (jax.random.uniform(key), 1)})

  def turn(name):
    freeze = dict.fromkeys('ab', 'frozen') | {name: 'moved'}
    return optax.partition(
      {'moved': optax.sgd(1.0), 'frozen': optax.set_to_zero()}, freeze
    )

  init = lambda key, batch: {'params': {'a': jnp.ones(()), 'b': jnp.ones(())}}
  return Task(init, (first, second), None), (turn('a'), turn('b'))


def follow(params, extra, batch, key):
  value = (params['b'] - params['a']) ** 2 / 2
  return value, (extra, {'second': (jax.random.uniform(key), 1)})


def test_the_second_turn_sees_what_the_first_has_learnt():
  state, sums = one_update(*players(follow))
  assert state.params == {'a': 3, 'b': 3}  # b went to the new a; a did not follow b
  assert set(sums) == {'first', 'second'}


def test_a_turn_that_is_not_finite_undoes_the_whole_step():
  def broken(params, extra, batch, key):
    return jnp.log(-params['b']), (extra, {'second': (0.0, 1)})

  state, _ = one_update(*players(broken))
  assert state.params == {'a': 1, 'b': 1}


def test_every_turn_of_every_step_draws_from_a_key_of_its_own():
  task, optimizers = players(follow)
  update, state = jax.jit(train.make_update(task, optimizers)), start(task, optimizers)
  drawn = set()
  for _ in range(4):
    state, sums = update(state, None)
    drawn |= {float(sums['first'][0]), float(sums['second'][0])}
  assert len(drawn) == 8


def test_the_program_of_a_step_grows_as_the_number_of_leaves_and_not_as_its_square():
  def additions(leaves):
    def loss(params, extra, batch, key):
      total = sum(jnp.sum((x - 1) ** 2) for x in params.values())
      return total, (extra, {'loss': (total, 1)})

    params = {f'p{i}': jnp.ones(8) for i in range(leaves)}
    task = Task(lambda key, batch: {'params': params}, (loss,), None)
    optimizer = (optax.sgd(0.1),)
    step = jax.jit(train.make_update(task, optimizer))
    program = step.lower(start(task, optimizer), None).compile().as_text()
    return program.count(' add(')

  assert additions(40) < 5 * additions(10)


def test_one_number_that_is_not_finite_is_found_wherever_it_is():
  tree = {'a': jnp.ones(3), 'b': jnp.int32(2), 'c': jnp.zeros((2, 2))}
  assert bool(update.finite(tree))
  for bad in (jnp.inf, -jnp.inf, jnp.nan):
    assert not bool(update.finite(tree | {'a': jnp.array([1.0, bad, 0.0])}))
    assert not bool(update.finite(tree | {'c': jnp.full((2, 2), bad)}))
