import numpy as np

from dl_core.lessons.networks import learning


def claims(hidden=8, rate=0.5):
  found = learning.learn(np.random.default_rng(0), 8, hidden, steps=300, rate=rate)
  return [claim.holds for claim in learning.picture(found).claims]


def test_a_hidden_layer_learns_xor_and_a_single_hidden_unit_does_not():
  assert claims() == [True, True]
  assert not claims(hidden=1)[1]


def test_steps_that_are_far_too_long_do_not_lower_the_loss():
  assert not claims(rate=30.0)[0]


def test_the_answers_drawn_at_step_0_are_of_the_start_before_any_step():
  x, y = learning.gate()
  found = learning.learn(
    np.random.default_rng(0), starts=1, hidden=2, steps=1, rate=0.5
  )
  sides = np.linspace(-0.5, 1.5, learning.SIDE)
  near = [[np.abs(sides - side).argmin() for side in row] for row in np.asarray(x)]
  p = np.array([found.answers[0][v, u] for u, v in near])
  label = np.asarray(y)[:, 0]
  loss = -np.mean(label * np.log(p) + (1 - label) * np.log(1 - p))
  np.testing.assert_allclose(found.loss[0, 0], loss, atol=0.01)
