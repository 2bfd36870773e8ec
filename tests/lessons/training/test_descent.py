"""Descents into a bowl, and what is claimed of them."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dl_core.lessons.training import adaptive, descent
from dl_core.report import svg
from tests import finish

BEGIN = descent.starts(1, 5)


def test_starts_lie_on_the_circle_away_from_its_axes():
  found = np.asarray(descent.starts(0, 200))
  np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
  assert np.abs(found).min() > 0.3
  assert {(x > 0, y > 0) for x, y in found} == {(a, b) for a in (0, 1) for b in (0, 1)}


def test_gradient_descent_in_a_bowl_is_its_closed_form():
  curvature = descent.bowl(4.0, 0.3)
  start = jnp.array([1.0, -2.0])
  found = descent.path(optax.sgd(0.1), start, curvature, 20)
  shrink = np.eye(2) - 0.1 * np.asarray(curvature, float)
  for step, point in enumerate(found):
    wanted = np.linalg.matrix_power(shrink, step) @ np.asarray(start)
    np.testing.assert_allclose(point, wanted, atol=1e-5)


def test_a_turned_bowl_has_the_same_curvatures_along_other_axes():
  straight, turned = (np.asarray(descent.bowl(9.0, turn)) for turn in (0.0, 0.7))
  np.testing.assert_allclose(straight, np.diag([1, 9]))
  np.testing.assert_allclose(np.linalg.eigvalsh(turned), [1, 9], rtol=1e-5)
  axis = np.array([np.cos(0.7), np.sin(0.7)])
  np.testing.assert_allclose(turned @ axis, axis, atol=1e-5)


def test_the_factor_of_a_step_is_read_off_distances_until_they_vanish():
  steps = np.arange(2_001)
  with np.errstate(under='ignore'):
    distance = np.stack([0.5**steps, 0.99**steps])
  np.testing.assert_allclose(descent.shortened(distance), [0.5, 0.99], rtol=1e-9)


def test_rates_of_convergence_are_those_of_the_theory_and_no_others():
  found = descent.measure((3, 10, 100), BEGIN)
  assert all(finish.held([descent.speed(found)]).values())
  swapped = found._replace(plain=found.heavy, heavy=found.plain)
  assert not any(finish.held([descent.speed(swapped)]).values())


def test_adaptive_methods_are_blind_along_the_axes_and_others_are_not():
  found = adaptive.four_bowls(BEGIN[:4])
  picture = adaptive.blindness(found)
  assert all(finish.held([picture]).values())
  # The paths of plain descent put in the place of Adam's.
  first, *_ = adaptive.blindness(found | {'adam': found['sgd']}).claims
  assert not first.holds
  assert svg.draw(picture).art.startswith('<')


def test_the_rate_of_adagrad_only_falls_and_that_of_rmsprop_recovers(monkeypatch):
  assert all(finish.held([adaptive.rates(BEGIN)]).values())
  found = {name: adaptive.effective(name, BEGIN) for name in ('adagrad', 'rmsprop')}
  other = {'adagrad': 'rmsprop', 'rmsprop': 'adagrad'}
  monkeypatch.setattr(adaptive, 'effective', lambda name, _: found[other[name]])
  assert not any(finish.held([adaptive.rates(BEGIN)]).values())


@pytest.mark.parametrize('name', ['momentum', 'adam'])
def test_paths_in_several_bowls_are_those_in_each(name):
  bowls = jnp.stack([descent.bowl(2.0), descent.bowl(5.0, 0.2)])
  both = descent.paths(name, 0.05, BEGIN, bowls, 10)
  assert both.shape == (2, 5, 11, 2)
  (alone,) = descent.paths(name, 0.05, BEGIN[2:3], bowls[1:], 10)
  np.testing.assert_allclose(both[1, 2:3], alone, rtol=1e-4, atol=1e-6)
