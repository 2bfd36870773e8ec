"""The gradients by hand are those of differences, and wrong ones are seen."""

import numpy as np
import pytest

from dl_core.lessons.recurrent import agreement, by_hand, lstm_by_hand


@pytest.fixture(scope='module')
def drawn():
  random = np.random.default_rng(0)
  weights = by_hand.draw(random, 3, 5, 4)
  return weights, random.standard_normal((7, 3)), random.integers(4, size=7)


def test_the_gradient_is_what_the_loss_does_when_a_weight_moves(drawn):
  weights, x, y = drawn
  found = by_hand.swept(weights, x, y)
  for part, array in zip(found, weights, strict=True):
    for place in ((0, 0), tuple(side - 1 for side in array.shape)):
      both = []
      for sign in (1, -1):
        array[place] += sign * 1e-5
        both.append(by_hand.forward(weights, x, y).losses.sum())
        array[place] -= sign * 1e-5
      assert part[place] == pytest.approx((both[0] - both[1]) / 2e-5, abs=1e-7)


def test_an_lstms_gradient_is_what_its_outputs_do_when_a_weight_moves():
  random = np.random.default_rng(1)
  weights = lstm_by_hand.draw(random, 2, 3)
  x, m = random.standard_normal((6, 2)), random.standard_normal((6, 3))
  total = lambda: sum(
    m[t] @ step.h for t, step in enumerate(lstm_by_hand.forward(weights, x))
  )
  found = lstm_by_hand.gradient(weights, x, m)
  for part, array in zip(found, weights, strict=True):
    for place in np.ndindex(array.shape):
      both = []
      for sign in (1, -1):
        array[place] += sign * 1e-5
        both.append(total())
        array[place] -= sign * 1e-5
      assert part[place] == pytest.approx((both[0] - both[1]) / 2e-5, abs=1e-7)


def test_the_terms_add_up_and_a_window_keeps_the_latest(drawn):
  weights, x, y = drawn
  whole, terms = by_hand.double_sum(weights, x, y)
  np.testing.assert_allclose(whole.w, by_hand.swept(weights, x, y).w, atol=1e-12)
  cut, _ = by_hand.double_sum(weights, x, y, window=2)
  np.testing.assert_allclose(cut.w, terms[:2].sum(axis=0), atol=1e-12)
  assert not np.allclose(cut.w, whole.w)


@pytest.fixture(scope='module')
def found():
  return agreement.measure(np.random.default_rng(0), 3)


def holds(found):
  return tuple(bool(claim.holds) for claim in agreement.picture(found).claims)


def test_by_hand_is_jax_grad_in_float64(found):
  assert holds(found) == (True, True, True)
  assert max(map(max, found.apart.values())) < 1e-12


def test_a_difference_of_gradients_or_more_parameters_fail(found):
  off = {'RNN, one way back': [1e-16, 1e-9]}
  assert holds(found._replace(apart=found.apart | off)) == (False, True, True)
  assert holds(found._replace(parameters={1: 45, 10: 450})) == (True, False, True)
  assert holds(found._replace(copies=1e-3)) == (True, False, True)
  assert holds(found._replace(sums=0.1)) == (True, True, False)


def test_a_wrong_gradient_by_hand_is_seen(monkeypatch):
  right = by_hand.swept

  def forgets_the_slope(*given):
    found = right(*given)
    return found._replace(w=found.w * 1.000001)

  monkeypatch.setattr(by_hand, 'swept', forgets_the_slope)
  found = agreement.measure(np.random.default_rng(0), 1)
  assert holds(found) == (False, True, True)
