"""R-CNN's machines: who is a positive, who a negative, and what they tell apart."""

import numpy as np
import pytest

from dl_core.tasks import margins


@pytest.fixture(scope='module')
def given():
  """Features of two classes and background, apart along their own axes."""
  random = np.random.RandomState(0)
  labels = np.repeat([1, 2, 0], [30, 30, 3_000])
  features = 0.3 * random.standard_normal((len(labels), 6))
  features[np.arange(60), labels[:60]] += 3
  overlaps = np.zeros((len(labels), 4))
  overlaps[np.arange(60), labels[:60]] = 1
  return margins.Examples(features, labels, overlaps)


def decided(machines, features):
  return machines.scale * features @ machines.weights + machines.biases


def test_machines_tell_their_class_from_all_else(given):
  found = margins.mined(given, 4)
  said = decided(found, given.features)
  for k in (1, 2):
    own = given.labels == k
    assert (said[own, k] > 0).mean() > 0.9
    assert (said[~own, k] < 0).mean() > 0.99
  assert (said[:, [0, 3]] < -100).all()  # there is no such object


def test_proposals_near_an_object_are_no_negatives(given):
  near = given.labels == 0
  near[:2_000] = False  # half of the background is made to look like class 1 ...
  features = given.features.copy()
  features[near, 1] += 3
  overlaps = given.overlaps.copy()
  wrong = margins.mined(given._replace(features=features), 4)
  overlaps[near, 1] = 0.4  # ... and to overlap it, too much for a negative
  right = margins.mined(given._replace(features=features, overlaps=overlaps), 4)
  hit = lambda machines: (decided(machines, features)[:30, 1] > 0).mean()
  assert hit(right) > 0.9 > hit(wrong)


def test_hard_negatives_are_mined(given, monkeypatch):
  features = given.features.copy()
  hard = np.arange(len(features)) % 100 == 99  # few, and hardly any in the first draw
  features[hard, 1] += 2
  monkeypatch.setattr(margins, 'FIRST', 50)
  mined = margins.mined(given._replace(features=features), 4)
  monkeypatch.setattr(margins, 'ROUNDS', 1)
  first = margins.mined(given._replace(features=features), 4)
  most = lambda machines: decided(machines, features)[hard, 1].mean()
  assert most(mined) < most(first)
