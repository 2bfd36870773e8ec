"""Learning-rate schedules: where they start, where they drop, where they end."""

import numpy as np
import pytest

from dl_core.tasks import schedules


def test_the_cosine_halves_the_rate_in_the_middle_and_ends_at_zero():
  rate = schedules.cosine(0.8, 100)
  found = [float(rate(step)) for step in (0, 50, 100)]
  np.testing.assert_allclose(found, [0.8, 0.4, 0.0], atol=1e-7)


def test_a_cosine_over_no_steps_is_a_schedule_still():
  assert float(schedules.cosine(0.8, 0)(0)) == pytest.approx(0.8)


@pytest.mark.parametrize(
  ('parts', 'wanted'),
  [
    (((1, 3), (2, 3)), {0: 1, 29: 1, 30: 0.1, 59: 0.1, 60: 0.01, 89: 0.01}),
    (((1, 2), (3, 4)), {44: 1, 45: 0.1, 66: 0.1, 67: 0.01}),
  ],
)
def test_drops_divide_the_rate_by_ten_at_their_fractions(parts, wanted):
  rate = schedules.drops(0.5, 90, *parts)
  found = [float(rate(step)) for step in wanted]
  np.testing.assert_allclose(found, [0.5 * x for x in wanted.values()], rtol=1e-6)


def test_a_staircase_is_level_between_its_steps():
  rate = schedules.staircase(1.0, 90, (8, 90), 0.96)
  found = [float(rate(step)) for step in (0, 7, 8, 15, 16)]
  np.testing.assert_allclose(found, [1, 1, 0.96, 0.96, 0.96**2], rtol=1e-6)
  assert float(schedules.staircase(1.0, 3, (8, 90), 0.96)(1)) == pytest.approx(0.96)


def test_a_warmed_rate_rises_to_its_first_value_and_is_the_schedule_then():
  plain = schedules.drops(0.8, 90, (1, 3), (2, 3))
  rate = schedules.warmed(plain, 8)
  risen = [rate(t) for t in range(8)]
  np.testing.assert_allclose(risen, 0.1 * np.arange(1, 9), rtol=1e-6)
  for step in (8, 29, 30, 60, 89):
    assert rate(step) == plain(step)
  assert schedules.warmed(plain, 0) is plain


def test_a_poly_schedule_is_the_power_of_what_is_left():
  rate = schedules.poly(0.01, 100)
  assert rate(0) == pytest.approx(0.01)
  assert rate(75) == pytest.approx(0.01 * 0.25**0.9)
  assert rate(100) == 0
