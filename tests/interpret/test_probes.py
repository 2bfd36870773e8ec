"""A probe is standardised on the training part alone, and chosen on validation."""

import numpy as np
import pytest

from dl_core.interpret import probes


def examples(seed, shift=0.0, count=60):
  random = np.random.RandomState(seed)
  labels = np.arange(count) % 3
  features = random.normal(size=(count, 6)) + 3 * np.eye(6)[labels] + shift
  return features, labels


def parts(**changes):
  own = {'train': examples(0), 'validation': examples(1), 'test': examples(2)}
  return own | changes


def test_what_can_be_separated_is_found_and_noise_is_not():
  assert probes.accuracy(parts()) > 0.9
  shuffled = np.random.RandomState(3).permutation(60)
  noise = {name: (x, y[shuffled]) for name, (x, y) in parts().items()}
  assert probes.accuracy(noise) < 0.6


def test_the_scale_of_a_feature_does_not_matter():
  scale = np.array([1e-3, 1, 1e3, 1, 10, 0.1])
  scaled = {name: (x * scale, y) for name, (x, y) in parts().items()}
  assert probes.accuracy(scaled) == probes.accuracy(parts())


def test_features_are_standardised_on_the_training_part_alone(monkeypatch):
  seen = []
  moments = probes.moments
  monkeypatch.setattr(probes, 'moments', lambda x: seen.append(x) or moments(x))
  own = parts(test=examples(2, shift=50.0))
  probes.accuracy(own)
  (only,) = seen
  np.testing.assert_array_equal(only, own['train'][0])


def test_the_strength_is_chosen_on_validation(monkeypatch):
  class Probe:
    def __init__(self, strength):
      self.strength = strength

    def score(self, features, labels):
      test = len(labels) == 7
      return -self.strength if test else -abs(self.strength - 0.1)

  monkeypatch.setattr(probes, 'fit', lambda x, y, strength: Probe(strength))
  assert probes.accuracy(parts(test=examples(2, count=7))) == -0.1


def test_a_feature_that_never_changes_is_left_as_it_is():
  mean, deviation = probes.moments(np.array([[1.0, 2.0], [1.0, 4.0]]))
  assert (mean.tolist(), deviation.tolist()) == ([1, 3], [1, pytest.approx(1)])
