import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core import train
from dl_core.data import toys
from dl_core.lessons.boundaries import separation
from experiments import perceptron


def fit(**settings):
  e = perceptron.build(perceptron.Config(**settings))
  return e, train.fit(e)


def replayed(x, y, epochs, rate=1.0, seed=0):
  random = np.random.default_rng(seed)
  order = np.concatenate([random.permutation(len(x)) for _ in range(epochs)])
  return order, *separation.replay(x, y, order, rate)


def errors(weights, x, y):
  return np.sum(y * (x @ weights[:-1] + weights[-1]) <= 0)


def mistakes(path):
  return np.any(np.diff(path, axis=0) != 0, axis=1).sum()


def random_line(seed, n=60):
  """Points of a random line's two sides, some margin left free."""
  random = np.random.default_rng(seed)
  normal, offset = random.normal(size=2), random.uniform(-0.5, 0.5)
  x = random.uniform(-1, 1, (n, 2))
  distance = (x @ normal + offset) / np.linalg.norm(normal)
  far = np.abs(distance) > 0.05
  return x[far], np.sign(distance[far])


@pytest.mark.parametrize('gate', ['and', 'or', 'nand'])
def test_a_separable_gate_is_learnt_without_error_and_the_run_ends_there(gate):
  e, run = fit(gate=gate)
  result = run.lines[-1]
  assert (result['accuracy'], result['stopped']) == (1, 'validation accuracy reached 1')
  assert result['step'] < e.config.steps
  neuron = run.state.params['neuron']
  weights = np.append(neuron['kernel'][:, 0], neuron['bias'])
  assert errors(weights, *toys.gate(gate)) == 0


def test_xor_is_never_learnt():
  e, run = fit(gate='xor')
  seen = [line['accuracy'] for line in run.lines if line['split'] == 'validation']
  assert len(seen) == 51
  assert max(seen) <= 0.75
  assert run.ended == 'all 200 steps done'
  *_, forms = separation.report(1.0)(
    None, run.observed, e.data, train.data_key(run.state)
  )
  assert 'no line separates the rows' in forms.caption
  assert separation.novikoff(*toys.gate('xor')) is None


def test_no_line_gets_more_than_three_rows_of_xor():
  side = np.linspace(-2, 2, 21)
  lines = np.stack(np.meshgrid(side, side, side), axis=-1).reshape(-1, 3)
  x, y = toys.gate('xor')
  right = np.sum(y * (lines[:, :2] @ x.T + lines[:, 2:]) > 0, axis=1)
  assert right.max() == 3
  x, y = toys.gate('and')  # the same lines are enough for what can be learnt
  assert np.sum(y * (lines[:, :2] @ x.T + lines[:, 2:]) > 0, axis=1).max() == 4


@pytest.mark.parametrize('rate', [1.0, 0.5])
def test_training_is_the_rule_step_by_step(rate):
  e, run = fit(gate='nand', eval_every=1, learning_rate=rate, until='', steps=40)
  x, y = separation.training_set(e.data)
  key = train.data_key(run.state)
  order = np.asarray(jax.vmap(lambda t: e.data.rows(key, t))(jnp.arange(40)))[:, 0]
  assert sorted(order[:4]) == [0, 1, 2, 3]
  rule, _ = separation.replay(x, y, order, rate)
  trained = [
    np.append(seen['w'], seen['b']) for _, seen in sorted(run.observed.items())
  ]
  np.testing.assert_array_equal(np.stack(trained), rule)
  assert mistakes(rule) > 3


@pytest.mark.parametrize('gate', toys.GATES)
def test_both_forms_of_the_rule_take_the_same_steps(gate):
  _, rule, corrected = replayed(*toys.gate(gate), epochs=10, rate=0.5)
  np.testing.assert_array_equal(rule, corrected)
  assert mistakes(rule) > 0


@pytest.mark.parametrize('gate', toys.GATES)
def test_error_correction_with_answers_of_plus_minus_one_steps_twice_as_far(gate):
  x, y = toys.gate(gate)
  order, rule, _ = replayed(x, y, epochs=10, rate=0.5)
  ones, w = np.concatenate([x, np.ones((4, 1))], axis=1), np.zeros(3)
  for t, i in enumerate(order):
    f = ones[i] @ w
    answer = np.sign(f) if f else -y[i]
    w = w + 0.5 * (y[i] - answer) * ones[i]
    np.testing.assert_array_equal(w, 2 * rule[t + 1])


@pytest.mark.parametrize('seed', range(8))
def test_mistakes_stay_below_the_bound_of_novikoff(seed):
  x, y = random_line(seed) if seed else toys.points(0, 100)
  bound = separation.novikoff(x, y)
  _, rule, _ = replayed(x, y, epochs=200, seed=seed)
  assert errors(rule[-1], x, y) == 0
  assert 0 < mistakes(rule) <= bound


def test_the_bound_is_the_one_worked_out_by_hand():
  x, y = np.array([[1.0, 0], [-1, 0]]), np.array([1.0, -1])
  # R² = 1 + 1 for the bias; u = (1, 0, 0) leaves γ = 1 on both sides.
  np.testing.assert_allclose(separation.novikoff(x, y), 2, rtol=1e-3)


def test_separable_points_have_a_free_margin_and_three_different_splits():
  data = toys.points_data(1)
  parts = []
  for split in ('train', 'validation', 'test'):
    (batch,) = data.splits[split]()
    parts.append(batch.x[batch.weight > 0])
    assert len(parts[-1]) == 100
    assert separation.novikoff(parts[-1], batch.y[batch.weight > 0]) is not None
  assert not np.array_equal(parts[0], parts[1])
  assert not np.array_equal(parts[1], parts[2])
