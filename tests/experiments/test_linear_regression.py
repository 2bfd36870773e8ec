import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dl_core import train
from dl_core.data import cars
from dl_core.launch import jobs
from dl_core.lessons.boundaries import separation
from dl_core.lessons.regression import exact, line, shrinkage, sparsity
from dl_core.types import UserError
from experiments import linear_regression


@pytest.fixture(scope='module')
def data_dir(tmp_path_factory):
  """A data_dir in which the diabetes are prepared when they are first read."""
  return str(tmp_path_factory.mktemp('tables'))


@pytest.fixture(scope='module')
def fit(data_dir):
  """fit(dataset, ...) -> the experiment, its run, its weights and bias."""

  @functools.cache
  def run(dataset='cars', **settings):
    recipe = linear_regression.RECIPES.get(dataset, {})
    settings = recipe | settings | {'dataset': dataset, 'data_dir': data_dir}
    e = linear_regression.build(linear_regression.Config(**settings))
    done = train.fit(e)
    neuron = done.state.params['neuron']
    return (
      e,
      done,
      exact.Fit(np.array(neuron['kernel'])[:, 0], float(neuron['bias'][0])),
    )

  return run


def held(pictures):
  """Returns {sentence: whether it holds} of all claims."""
  return {claim.sentence: claim.holds for p in pictures for claim in p.claims}


def test_squared_errors_end_at_the_normal_equations(fit):
  e, run, found = fit()
  x, y = separation.training_set(e.data)
  design = np.column_stack([x, np.ones(len(x))]).astype(np.float64)
  *w, b = np.linalg.solve(design.T @ design, design.T @ y.astype(np.float64))
  assert found.off(exact.Fit(np.array(w), b)) < 1e-5
  pictures = jobs.pictures(e, run)
  assert len(pictures) == 3
  assert all(held(pictures).values())
  assert any('curvature' in picture.caption for picture in pictures)
  result = run.lines[-1]
  assert result['loss'] < result['baseline']['loss'] / 5
  assert result['r2'] == pytest.approx(0.9, abs=0.02)


def test_absolute_errors_end_at_a_line_through_two_cars(fit):
  e, run, found = fit(loss='absolute')
  x, y = separation.training_set(e.data)
  left = np.sort(np.abs(y - found(x)))
  assert left[1] < 1e-3 < left[2]
  _, own = exact.scikit_learn('absolute', x, y)
  assert found.off(own) < 1e-3
  assert exact.absolute(x, y).off(own) < 1e-6
  pictures = jobs.pictures(e, run)
  assert all(held(pictures).values())
  # The ratio of curvatures is one of squared errors.
  assert not any('curvature' in picture.caption for picture in pictures)


@pytest.mark.parametrize('penalty', [{'l2': 0.1}, {'l1': 0.05, 'l2': 0.1}])
def test_penalties_end_at_scikit_learns_weights(fit, penalty):
  e, _, found = fit('diabetes', **penalty)
  x, y = separation.training_set(e.data)
  _, own = exact.scikit_learn('squared', x, y, **penalty)
  assert found.off(own) < 1e-4
  np.testing.assert_array_equal(found.w == 0, own.w == 0)
  assert np.any(found.w == 0) == ('l1' in penalty)
  if 'l1' not in penalty:
    assert exact.squared(x, y, **penalty).off(own) < 1e-6


def test_ten_columns_end_at_the_normal_equations_and_their_claims_hold(fit):
  e, run, found = fit('diabetes')
  assert found.off(exact.squared(*separation.training_set(e.data))) < 2e-5
  pictures = jobs.pictures(e, run)
  assert len(held(pictures)) == 6
  assert all(held(pictures).values())
  for picture in pictures:
    picture.draw()


@pytest.mark.parametrize('penalty', [{'l1': 0.5}, {'l2': 0.5}])
def test_a_penalty_shrinks_the_weights_and_leaves_the_bias_alone(penalty):
  c = linear_regression.Config(learning_rate=0.1, **penalty)
  (optimizer,) = linear_regression.build(c).optimizers
  params = {'neuron': {'kernel': jnp.ones((3, 1)), 'bias': jnp.ones(1)}}
  still = jax.tree.map(jnp.zeros_like, params)
  updates, _ = optimizer.update(still, optimizer.init(params), params)
  moved = optax.apply_updates(params, updates)['neuron']
  np.testing.assert_allclose(moved['kernel'], 0.95, rtol=1e-6)
  assert moved['bias'] == 1


def test_a_fit_elsewhere_does_not_pass_for_the_exact_one(fit):
  e, run, found = fit(steps=20)
  assert not held(jobs.pictures(e, run))[
    'Gradient descent ends at the solution of the normal equations, to 1e-5'
  ]
  wrong = exact.Fit(found.w + 1e-3, found.b)
  assert not any(
    held(
      [shrinkage.weights_picture('squared', found, ('Lasso', wrong), ['x'])]
    ).values()
  )


def test_a_slip_moves_squared_errors_alone():
  x = np.arange(5.0)[:, None]
  y = 2 * x[:, 0] - 1
  y[3] += 10
  assert exact.absolute(x, y).off(exact.Fit(np.array([2.0]), -1.0)) == 0
  assert exact.squared(x, y).off(exact.Fit(np.array([2.0]), -1.0)) > 0.5


def test_both_steps_of_l1_differ_only_next_to_zero():
  random = np.random.default_rng(0)
  x = random.normal(size=(100, 3))
  x = (x - x.mean(axis=0)) / x.std(axis=0)
  # Far from 0 under a weak penalty both end alike, and nothing swings.
  y = x @ np.array([2.0, -3.0, 1.0])
  far = [
    sparsity.walked(x, y, make)[-1]
    for make in (sparsity.proximal, sparsity.subgradient)
  ]
  np.testing.assert_allclose(*far, atol=1e-5)
  assert not any(held([sparsity.picture(x, y, 'abc')]).values())


def test_the_cars_in_units_are_the_cars(fit):
  mileage, price = cars.cars('train')
  slope, start = np.polyfit(mileage, price, 1)
  own = line.in_units(fit()[2])
  assert (own.w[0], own.b) == pytest.approx((slope, start), rel=1e-5)
  assert (own.w[0], own.b) == pytest.approx((cars.SLOPE, cars.NEW), rel=0.02)


def test_a_table_of_classes_is_refused_in_a_sentence(data_dir):
  c = linear_regression.Config(dataset='iris', data_dir=data_dir)
  with pytest.raises(UserError, match='=iris was given, whose target is a class'):
    linear_regression.build(c)
