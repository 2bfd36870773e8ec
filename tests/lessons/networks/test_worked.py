import numpy as np

from dl_core.lessons.networks import worked
from dl_core.report import svg


def sigmoid(z):
  return 1 / (1 + np.exp(-z))


def test_the_numbers_drawn_are_those_of_a_calculation_on_paper():
  forward, backward = worked.pictures(rate=0.5)
  h1, h2 = sigmoid(0.5 * 1 - 1 * 2 + 0.5), sigmoid(1.5 * 1 + 0.5 * 2 - 1)
  p = sigmoid(-1 * h1 + 2 * h2 - 0.5)
  error = p - 1
  d1, d2 = -1 * error * h1 * (1 - h1), 2 * error * h2 * (1 - h2)
  art = svg.draw(forward).art
  for number in (h1, h2, p, 0.5, 1.5):
    assert f'>{worked.show(number)}<' in art
  art = svg.draw(backward).art
  for number in (error, d1, d2, error * h1, error * h2, d1 * 2, d2 * 2):
    assert f'>{worked.show(number)}<' in art
  assert worked.show(-np.log(p)) in forward.caption


def test_one_step_lowers_the_loss_unless_it_is_far_too_long():
  (claim,) = worked.pictures(rate=0.5)[1].claims
  assert claim.holds
  (claim,) = worked.pictures(rate=-0.5)[1].claims
  assert not claim.holds


def test_numbers_are_written_with_three_digits_and_a_true_minus():
  assert [worked.show(x) for x in (-1.0, 0.2691, 2.5)] == ['−1', '0.269', '2.5']
