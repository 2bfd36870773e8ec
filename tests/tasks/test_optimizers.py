import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dl_core.tasks import optimizers
from dl_core.types import UserError

STEPS, RATE = 30, 0.05


def gradients(seed=0, shape=(4, 3)):
  """Random gradients [STEPS, ...] of very different sizes, one of them always 0."""
  random = np.random.default_rng(seed)
  found = random.normal(size=(STEPS, *shape)) * 10.0 ** random.uniform(-3, 2, shape)
  found[:, 0, 0] = 0
  return found.astype(np.float32)


def descend(optimizer, start, given):
  """Returns the parameters [STEPS + 1, ...] that gradients lead to from a start.

  `given` is an array of them, or a function of the parameters.
  """
  params = jax.tree.map(jnp.asarray, start)
  state, found = optimizer.init(params), [params]
  update = jax.jit(optimizer.update)
  for step in range(STEPS):
    gradient = given(params) if callable(given) else given[step]
    updates, state = update(gradient, state, params)
    params = optax.apply_updates(params, updates)
    found.append(params)
  return jax.tree.map(lambda *each: np.stack(each), *found)


# The textbook forms, in float64: (gradient, memory, step from 1 on) -> direction.


def sgd(g, m, t):
  return g


def momentum(g, m, t):
  m['v'] = 0.9 * m['v'] + g
  return m['v']


def nesterov(g, m, t):
  m['v'] = 0.9 * m['v'] + g
  return g + 0.9 * m['v']


def adagrad(g, m, t):
  m['s'] = m['s'] + g**2
  return g / np.sqrt(m['s'] + 1e-7)


def rmsprop(g, m, t):
  m['s'] = 0.9 * m['s'] + 0.1 * g**2
  return g / np.sqrt(m['s'] + 1e-8)


def adadelta(g, m, t):
  m['s'] = 0.9 * m['s'] + 0.1 * g**2
  d = g * np.sqrt(m['u'] + 1e-6) / np.sqrt(m['s'] + 1e-6)
  m['u'] = 0.9 * m['u'] + 0.1 * d**2
  return d


def adam(g, m, t):
  m['v'] = 0.9 * m['v'] + 0.1 * g
  m['s'] = 0.999 * m['s'] + 0.001 * g**2
  mean, square = m['v'] / (1 - 0.9**t), m['s'] / (1 - 0.999**t)
  return mean / (np.sqrt(square) + 1e-8)


TEXTBOOK = {
  'sgd': sgd, 'momentum': momentum, 'nesterov': nesterov, 'adagrad': adagrad,
  'rmsprop': rmsprop, 'adadelta': adadelta, 'adam': adam,
}  # fmt: skip


def by_the_book(name, start, given):
  w, memory, found = start.astype(float), dict.fromkeys('vsu', 0.0), [start]
  for step in range(STEPS):
    w = w - RATE * TEXTBOOK[name](given[step].astype(float), memory, step + 1)
    found.append(w)
  return np.stack(found)


def test_every_direction_has_a_textbook_form():
  assert set(TEXTBOOK) == set(optimizers.DIRECTIONS)


@pytest.mark.parametrize('name', optimizers.DIRECTIONS)
def test_an_optimizer_is_its_textbook_form_step_by_step(name):
  start, given = gradients(1)[0], gradients()
  found = descend(optimizers.make(name, RATE), start, given)
  wanted = by_the_book(name, start, given)
  np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=1e-6)
  others = [by_the_book(other, start, given)[-1] for other in TEXTBOOK if other != name]
  nearest = min(np.abs(found[-1] - other).max() for other in others)
  assert nearest > 1e-2  # the forms are told apart by these gradients


@pytest.mark.parametrize(
  ('name', 'epsilon'), [('adagrad', 1e-7), ('rmsprop', 1e-8), ('adadelta', 1e-6)]
)
def test_epsilon_stands_below_the_root_and_in_adam_beside_it(name, epsilon):
  g = np.full((2, 2), 1e-6, np.float32)  # so small that ε is nearly all there is
  s = g**2 * (1.0 if name == 'adagrad' else 0.1)
  wanted = RATE * g / np.sqrt(s + epsilon)
  if name == 'adadelta':
    wanted *= np.sqrt(epsilon)
  first = descend(optimizers.make(name, RATE), 0 * g, np.stack([g] * STEPS))[1]
  np.testing.assert_allclose(-first, wanted, rtol=1e-4)
  first = descend(optimizers.make('adam', RATE), 0 * g, np.stack([g] * STEPS))[1]
  np.testing.assert_allclose(-first, RATE * g / (g + 1e-8), rtol=1e-3)


def quadratic(w):
  """The gradient of ½‖w‖² about 1."""
  return jax.tree.map(lambda leaf: leaf - 1, w)


def layer(seed=2):
  random = np.random.default_rng(seed)
  return {
    'kernel': random.normal(size=(4, 3)).astype(np.float32),
    'bias': random.normal(size=3).astype(np.float32),
  }


@pytest.mark.parametrize(
  ('name', 'penalty'),
  [
    ('sgd', {'l1': 0.3}),
    ('momentum', {'l2': 0.3}),
    ('adam', {'l2': 0.3}),
    ('adam', {'decay': 0.3}),
    ('adam', {'max_norm': 0.5}),
  ],
)
def test_penalties_move_weights_and_leave_biases_alone(name, penalty):
  plain = descend(optimizers.make(name, RATE), layer(), quadratic)
  found = descend(optimizers.make(name, RATE, **penalty), layer(), quadratic)
  np.testing.assert_array_equal(found['bias'], plain['bias'])
  moved = np.abs(found['kernel'][-1]).sum(), np.abs(plain['kernel'][-1]).sum()
  assert moved[0] < moved[1]


def test_l2_is_the_gradient_of_half_the_sum_of_squares():
  def penalised(w):
    return {'kernel': w['kernel'] - 1 + 0.3 * w['kernel'], 'bias': w['bias'] - 1}

  for name in ('momentum', 'adam'):
    found = descend(optimizers.make(name, RATE, l2=0.3), layer(), quadratic)
    wanted = descend(optimizers.make(name, RATE), layer(), penalised)
    np.testing.assert_allclose(found['kernel'], wanted['kernel'], rtol=1e-5, atol=1e-6)


def test_decay_beside_the_step_is_l2_for_sgd_and_another_thing_for_adam():
  both = {
    name: [
      descend(optimizers.make(name, RATE, **{penalty: 0.3}), layer(), quadratic)
      for penalty in ('l2', 'decay')
    ]
    for name in ('sgd', 'adam')
  }
  apart = {
    name: np.abs(one['kernel'] - other['kernel']).max()
    for name, (one, other) in both.items()
  }
  assert apart['sgd'] < 1e-6
  assert apart['adam'] > 0.01


def test_a_proximal_step_is_the_closed_form_and_makes_exact_zeros():
  w = np.array([[0.5, -0.5], [0.015, -0.015], [0.0, 0.016]], np.float32)
  gradient = np.array([[1.0, 1.0], [0.1, -0.1], [0.05, 0.0]], np.float32)
  chain = optimizers.make('sgd', 0.1, l1=0.15)
  updates, _ = chain.update(jnp.asarray(gradient), chain.init(w), jnp.asarray(w))
  # 0.1 · gradient is taken off, then 0.015 of what is left, never past 0.
  wanted = np.array([[0.385, -0.585], [0.0, 0.0], [0.0, 0.001]], np.float32)
  found = np.asarray(optax.apply_updates(w, updates))
  np.testing.assert_allclose(found, wanted, atol=1e-7)
  np.testing.assert_array_equal(found == 0, wanted == 0)


def test_the_proximal_step_ends_in_zeros_where_the_subgradient_never_rests():
  target = np.array([[0.02, -0.03, 1.0, 0.0]], np.float32)
  pull = lambda w: w - target
  start = np.full((1, 4), 0.21, np.float32)
  proximal = descend(optimizers.make('sgd', 0.5, l1=0.1), start, pull)
  np.testing.assert_allclose(proximal[-1], [[0, 0, 0.9, 0]], atol=1e-6)
  assert np.all(proximal[-5:, 0, [0, 1, 3]] == 0)
  along = lambda w: pull(w) + 0.1 * jnp.sign(w)
  subgradient = descend(optimizers.make('sgd', 0.5), start, along)
  assert np.all(subgradient != 0)
  assert np.all(np.ptp(subgradient[-5:, 0, [0, 1, 3]], axis=0) > 0.01)


@pytest.mark.parametrize('name', optimizers.REACH)
def test_l1_ends_at_the_least_of_loss_and_penalty_however_it_descends(name):
  target = jnp.array([[1.0, 0.5, 0.1]])
  chain = optimizers.make(name, 0.02, l1=0.2)

  def step(carry, _):
    w, state = carry
    updates, state = chain.update(w - target, state, w)
    return (optax.apply_updates(w, updates), state), None

  w = jnp.zeros((1, 3))
  (w, _), _ = jax.lax.scan(step, (w, chain.init(w)), length=2_000)
  np.testing.assert_allclose(w, [[0.8, 0.3, 0.0]], atol=1e-5)
  assert w[0, 2] == 0


def test_l1_is_refused_where_steps_are_no_multiples_of_gradients():
  with pytest.raises(UserError, match='no multiples of gradients'):
    optimizers.make('adam', 0.1, l1=0.1)


def test_the_threshold_follows_the_schedule_of_the_rate():
  schedule = lambda step: 0.1 * (step + 1)
  w, none = np.full((1, 1), 10, np.float32), np.zeros((STEPS, 1, 1), np.float32)
  found = descend(optimizers.make('sgd', schedule, l1=2.0), w, none)
  wanted = 10 - np.cumsum(0.2 * (np.arange(STEPS) + 1))
  np.testing.assert_allclose(
    found[1:, 0, 0], np.maximum(wanted, 0), rtol=1e-5, atol=1e-6
  )


def test_columns_are_never_longer_than_the_limit_and_shorter_ones_untouched():
  start, given = layer()['kernel'], gradients(3)
  found = descend(optimizers.make('momentum', 0.01, max_norm=2.0), start, given)
  lengths = np.linalg.norm(found[1:], axis=1)
  assert lengths.max() < 2 + 1e-6
  assert (lengths > 2 - 1e-5).any()
  assert (lengths < 1.9).any()
  chain = optimizers.limit_norm(2.0)
  updates, _ = chain.update(jnp.asarray(given[0]), chain.init(start), start)
  moved = start + given[0]
  short = np.linalg.norm(moved, axis=0) < 2
  assert 0 < short.sum() < 3
  np.testing.assert_allclose((start + updates)[:, short], moved[:, short], rtol=1e-6)
  long = (start + updates)[:, ~short]
  wanted = 2 * moved[:, ~short] / np.linalg.norm(moved[:, ~short], axis=0)
  np.testing.assert_allclose(long, wanted, rtol=1e-5, atol=1e-6)


def test_a_limit_of_a_convolution_is_of_all_that_comes_into_a_unit():
  kernel = np.ones((3, 3, 2, 5), np.float32)
  chain = optimizers.limit_norm(1.5)
  updates, _ = chain.update(jnp.zeros_like(kernel), chain.init(kernel), kernel)
  np.testing.assert_allclose(
    np.linalg.norm((kernel + updates).reshape(-1, 5), axis=0), 1.5, rtol=1e-6
  )


def test_the_average_is_that_of_the_parameters_after_each_update():
  chain = optax.chain(optax.sgd(1.0), optimizers.average(0.5))
  params = {'w': jnp.array([4.0, 0.0])}
  state = chain.init(params)
  by_hand = np.array([4.0, 0.0])
  for t in range(30):
    updates, state = chain.update({'w': jnp.ones(2)}, state, params)
    params = optax.apply_updates(params, updates)
    kept = min(0.5, (1 + t) / (10 + t))
    by_hand = kept * by_hand + (1 - kept) * np.asarray(params['w'])
    np.testing.assert_allclose(optax.tree.get(state, 'average')['w'], by_hand, 1e-6)
  assert params['w'][0] == -26  # the updates themselves are as they were


def test_an_average_that_is_given_no_parameters_says_so():
  average = optimizers.average(0.5)
  state = average.init({'w': jnp.zeros(1)})
  with pytest.raises(AssertionError, match='needs the parameters'):
    average.update({'w': jnp.zeros(1)}, state)
