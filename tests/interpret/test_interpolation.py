"""Walks between latents are scored beside controls, and each claim can fail."""

import numpy as np
import pytest

from dl_core.interpret import interpolation
from dl_core.interpret.judge import Judge, Names
from dl_core.types import Batch, Data, Spec


def test_slerp_keeps_the_length_and_passes_through_both_ends():
  a, b = np.eye(3)[:2]
  np.testing.assert_allclose(interpolation.slerp(a, b, 0), a, atol=1e-12)
  np.testing.assert_allclose(interpolation.slerp(a, b, 1), b, atol=1e-12)
  middle = interpolation.slerp(a, b, 0.5)
  np.testing.assert_allclose(middle, [0.5**0.5, 0.5**0.5, 0])
  third = interpolation.slerp(a, b, 1 / 3)
  np.testing.assert_allclose(np.arccos(third @ a), np.pi / 6)


def test_slerp_between_two_of_one_direction_is_the_line():
  a = np.array([1.0, 2.0])
  np.testing.assert_allclose(interpolation.slerp(a, a, 0.3), a)


def data(images):
  batch = Batch(images, np.zeros(len(images), int), np.ones(len(images)))
  none = lambda *given: None
  return Data(Spec(batch, 'few'), none, none, {'train': lambda: [batch]})


@pytest.fixture
def judge():
  """A judge that is the surer the nearer the brightest pixel is to 1."""

  def name(images):
    sure = images.max(axis=(1, 2, 3))
    return Names(np.zeros(len(images), int), sure, np.zeros((len(images), 1)), 1)

  unused = lambda: pytest.fail('not asked for')
  return Judge(name, unused, unused, unused)


def shown(z):
  """Generates images [N, 1, 2, 1] whose pixels are directions of a latent."""
  z = np.asarray(z)
  return (z / np.linalg.norm(z, axis=1, keepdims=True))[:, None, :, None]


def walked(generate, judge, ends=((1.0, 0.0), (0.0, 1.0))):
  z = np.tile(np.array(ends), (interpolation.PAIRS, 1))
  corners = np.array([[1.0, 0], [0, 1.0]])[:, None, :, None]
  return interpolation.walked(generate, judge, data(corners), z)


def test_confidence_is_that_of_ends_halves_and_averages(judge):
  found = walked(shown, judge)
  assert found.ends == pytest.approx(1)
  assert found.arc == pytest.approx(0.5**0.5)
  assert found.line == pytest.approx(0.5**0.5)
  assert found.average == pytest.approx(0.5)
  np.testing.assert_allclose(found.images[0, 0, 0, :, 0], [1, 0], atol=1e-6)
  np.testing.assert_allclose(found.images[0, -1, 0, :, 0], [0, 1], atol=1e-6)


def test_a_walk_over_the_training_images_jumps_once(judge):
  strides = walked(shown, judge).nearest
  assert strides.shape == (interpolation.WALKS, interpolation.STOPS - 1)
  assert np.all((strides > 0).sum(axis=1) == 1)
  assert interpolation.longest(strides) == pytest.approx(interpolation.STOPS - 1)


def test_each_claim_fails_where_it_is_not_so(judge):
  found = walked(shown, judge)._replace(arc=0.95, average=0.5)
  holds = lambda walked: [bool(c.holds) for c in interpolation.claims(walked)]
  assert holds(found) == [True, True, True]
  assert holds(found._replace(arc=0.8)) == [False, True, True]
  assert holds(found._replace(average=0.95)) == [True, False, True]
  assert holds(found._replace(strides=found.nearest)) == [True, True, False]
  assert holds(found._replace(nearest=found.strides)) == [True, True, False]
