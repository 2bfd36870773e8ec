"""Every claim about what a network sees fails on the opposite situation."""

import numpy as np
import pytest

from dl_core.interpret.explained import CAM, OCCLUSION, SALIENCY
from dl_core.lessons.seeing import inside, near, places
from dl_core.lessons.seeing.found import RANDOM, Network, Places

METHODS = (CAM, OCCLUSION, SALIENCY)
STEPS = np.linspace(0, 1, 5)[:, None] * np.ones((1, 4))


def judged(**changes):
  """Returns figures that bear out all claims, but for the changed ones."""
  good = {
    'maps': {name: np.zeros((4, 8, 8)) for name in METHODS},
    'pointing': {name: np.ones(4, bool) for name in METHODS}
    | {RANDOM: np.zeros(4, bool)},
    'deletion': dict.fromkeys(METHODS, 0.1 * STEPS) | {RANDOM: STEPS},
    'insertion': dict.fromkeys(METHODS, STEPS) | {RANDOM: 0.1 * STEPS},
    'agreement': {name: np.full(4, 0.1) for name in METHODS},
    'overlap': np.ones(4),
  }
  return Places(**good | changes)


def net():
  boxes = np.array([[0, 0, 2, 2]] * 4)
  x = np.zeros((4, 8, 8, 3), np.float32)
  return Network(None, None, {}, x, np.zeros(4, int), boxes, np.arange(4), ('a', 'b'))


def holds(found):
  return [
    bool(claim.holds) for each in places.pictures(net(), found) for claim in each.claims
  ]


def test_all_claims_hold_of_good_maps():
  assert holds(judged()) == [True] * 6


@pytest.mark.parametrize('name', METHODS)
def test_a_method_whose_peaks_are_elsewhere_fails(name):
  good = judged()
  missed = good.pointing | {name: np.array([True, True, True, False])}
  expected = [each != name for each in METHODS] + [True] * 3
  assert holds(judged(pointing=missed)) == expected


def test_pointing_fails_where_a_random_pixel_does_as_well():
  every = judged().pointing | {RANDOM: np.ones(4, bool)}
  assert holds(judged(pointing=every))[:3] == [False] * 3


@pytest.mark.parametrize('name', METHODS)
def test_a_map_that_ranks_no_better_than_at_random_fails(name):
  good = judged()
  deletion = good.deletion | {name: good.deletion[RANDOM]}
  assert holds(judged(deletion=deletion)) == [True] * 3 + [False, True, True]
  insertion = good.insertion | {name: good.insertion[RANDOM]}
  assert holds(judged(insertion=insertion)) == [True] * 4 + [False, True]
  same = good.agreement | {name: np.ones(4)}
  assert holds(judged(agreement=same)) == [True] * 5 + [False]


@pytest.mark.parametrize(
  ('features', 'pixels', 'bears'),
  [(0.9, 0.15, True), (0.8, 0.15, False), (0.9, 0.6, False), (0.15, 0.9, False)],
)
def test_features_have_to_retrieve_better_than_pixels(features, pixels, bears):
  shape = (2, near.K)
  names = ('features', 'pixels')
  found = near.Near(
    np.zeros((2, 4, 4, 3)),
    np.zeros(2, int),
    {name: np.zeros((*shape, 4, 4, 3)) for name in names},
    {name: np.zeros(shape, int) for name in names},
    {'features': features, 'pixels': pixels},
  )
  (claim,) = near.neighbours_picture(found, ('0', '1')).claims
  assert claim.holds == bears


@pytest.mark.parametrize(
  ('trust', 'right', 'bears'),
  [
    ((0.85, 0.98), (0.8, 0.1), [True, True]),
    ((0.98, 0.97), (0.8, 0.1), [False, True]),
    ((0.5, 0.9), (0.6, 0.1), [False, False]),
    ((0.5, 0.99), (0.8, 0.5), [True, False]),
  ],
)
def test_a_map_has_to_keep_neighbourhoods_and_digits(trust, right, bears):
  names = ('PCA of features', 't-SNE of features', 't-SNE of pixels')
  found = near.Mapped(
    dict.fromkeys(names, np.zeros((2, 2))),
    np.zeros(2, int),
    dict(zip(names, (*trust, 0.9), strict=True)),
    dict(zip(names, (0.5, *right), strict=True)),
  )
  claims = near.map_picture(found, ('0', '1')).claims
  assert [bool(claim.holds) for claim in claims] == bears


def test_noise_has_less_energy_in_low_frequencies_than_spots():
  noise = np.random.default_rng(0).normal(size=(5, 5, 3, 64))
  spots = np.ones((5, 5, 3, 64))
  assert inside.low(spots) == pytest.approx(1)
  assert inside.low(noise) == pytest.approx(9 / 25, abs=0.03)
  (trained,) = inside.first_picture(spots, noise, 'first').claims
  assert trained.holds
  (untrained,) = inside.first_picture(noise, spots, 'first').claims
  assert not untrained.holds


@pytest.mark.parametrize(
  ('points', 'labels', 'share'),
  [([0.0, 0.1, 5, 5.1], [0, 0, 1, 1], 1), ([0.0, 0.1, 5, 5.1], [0, 1, 0, 1], 0)],
)
def test_alike_counts_the_nearest_other_point(points, labels, share):
  plane = np.stack([points, np.zeros(4)], axis=1)
  assert near.alike(plane, np.array(labels)) == share
  together = np.zeros((3, 2))
  assert near.alike(together, np.array([0, 0, 0])) == 1
