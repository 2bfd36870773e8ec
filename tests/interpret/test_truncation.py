"""Truncation is measured within classes, and its claim can fail in each part."""

import numpy as np
import pytest

from dl_core.interpret import truncation
from dl_core.interpret.judge import Judge, Names


def curve(confidence, spread):
  none = np.zeros(len(spread))
  return truncation.Curve(
    (1.0, 0.7, 0.4), np.zeros((3, 1)), np.array(confidence), np.array(spread), none
  )


@pytest.mark.parametrize(
  ('confidence', 'spread', 'holds'),
  [
    ((0.8, 0.9, 0.95), (0.3, 0.2, 0.1), True),
    ((0.8, 0.9, 0.898), (0.3, 0.2, 0.1), True),  # within the error of a mean
    ((0.8, 0.8, 0.8), (0.3, 0.2, 0.1), False),
    ((0.9, 0.899, 0.899), (0.3, 0.2, 0.1), False),
    ((0.8, 0.9, 0.85), (0.3, 0.2, 0.1), False),
    ((0.8, 0.9, 0.95), (0.3, 0.3, 0.1), False),
  ],
)
def test_the_claim_needs_rising_confidence_and_falling_spread(
  confidence, spread, holds
):
  picture = truncation.picture(curve(confidence, spread), 'ψ', 'About.')
  (claim,) = picture.claims
  assert bool(claim.holds) == holds


def test_samples_are_compared_within_their_class():
  def name(images):
    features = np.random.default_rng(0).normal(size=(len(images), 3))
    return Names(np.zeros(len(images), int), np.ones(len(images)), features, 2)

  judge = Judge(name, lambda: name(np.zeros(9)), lambda: None, lambda: 1.0)
  # Classes differ by 2; images of a class alternate between 0 and the value.
  sample = lambda value: np.tile([0.0, 2.0, value, 2 + value], 4)[:, None, None, None]
  found = truncation.measured((1.0, 0.5), sample, judge, classes=2)
  np.testing.assert_allclose(found.spread, [0.5, 0.25])
