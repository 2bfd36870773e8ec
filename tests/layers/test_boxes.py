"""Boxes, their changes, anchors, suppression and sampling, each against plain NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.layers import boxes

# The nine anchors in generate_anchors.py of py-faster-rcnn, as MATLAB printed them:
# pixels are counted from 1, and the last one is included.
PUBLISHED = [
  (-83, -39, 100, 56), (-175, -87, 192, 104), (-359, -183, 376, 200),
  (-55, -55, 72, 72), (-119, -119, 136, 136), (-247, -247, 264, 264),
  (-35, -79, 52, 96), (-79, -167, 96, 184), (-167, -343, 184, 360),
]  # fmt: skip


def some(count, seed=0, side=80):
  random = np.random.RandomState(seed)
  low = random.uniform(0, side, (count, 2))
  return np.hstack([low, low + random.uniform(2, 40, (count, 2))]).astype(np.float32)


def iou(a, b):
  sides = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0)
  both = sides.prod()
  return both / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both)


def test_overlaps_are_intersections_over_unions():
  a, b = some(7), some(5, 1)
  wanted = [[iou(one, other) for other in b] for one in a]
  np.testing.assert_allclose(boxes.overlap(a, b), wanted, atol=1e-6)
  np.testing.assert_allclose(np.diag(boxes.overlap(a, a)), 1, rtol=1e-6)


def test_a_box_without_area_overlaps_nothing_and_encodes_to_finite_numbers():
  flat = jnp.array([[3.0, 3, 3, 3], [9, 9, 2, 2]])
  assert not boxes.overlap(flat, flat).any()
  a = jnp.asarray(some(2))
  for change in (boxes.encode(flat, a), boxes.encode(a, flat)):
    assert np.isfinite(change).all()


def test_decoding_inverts_encoding():
  a, b = some(50), some(50, 1)
  change = boxes.encode(a, b, (0.1, 0.1, 0.2, 0.2))
  np.testing.assert_allclose(
    boxes.decode(a, change, (0.1, 0.1, 0.2, 0.2)), b, atol=1e-4
  )
  np.testing.assert_allclose(boxes.encode(a, b)[:, :2] * 10, change[:, :2], rtol=1e-5)


def test_no_decoded_side_overflows():
  found = boxes.decode(some(3), jnp.full((3, 4), 200.0))
  assert np.isfinite(found).all()


def test_clipping_moves_corners_into_the_extent_of_an_image():
  given = jnp.array([[-5.0, -6, 70, 30], [10, 20, 300, 400]])
  wanted = [[0, 0, 60, 30], [10, 20, 60, 40]]
  np.testing.assert_array_equal(boxes.clipped(given, jnp.array([40.0, 60])), wanted)


def test_rounded_anchors_are_those_of_py_faster_rcnn():
  found = boxes.anchors(1, 1, 16, (128, 256, 512), rounded=True)
  wanted = np.array(PUBLISHED) - np.array([1, 1, 0, 0])
  np.testing.assert_array_equal(found, wanted)


def test_anchors_are_centred_in_their_places_row_by_row():
  found = boxes.anchors(2, 3, 8, (16, 32), (0.5, 1, 2)).reshape(2, 3, 6, 4)
  centres = (found[..., :2] + found[..., 2:]) / 2
  np.testing.assert_allclose(centres[1, 2], np.tile([20, 12], (6, 1)), atol=1e-5)
  sides = found[0, 0, :, 2:] - found[0, 0, :, :2]
  np.testing.assert_allclose(sides.prod(1), [256, 1024] * 3, rtol=1e-5)
  np.testing.assert_allclose(
    sides[:, 1] / sides[:, 0], np.repeat([0.5, 1, 2], 2), rtol=1e-5
  )


def greedy(given, real, most):
  kept = []
  for number, box in enumerate(given):
    if real[number] and all(iou(box, given[other]) <= most for other in kept):
      kept.append(number)
  return np.isin(np.arange(len(given)), kept)


@pytest.mark.parametrize('most', [0.3, 0.5, 0.7])
def test_suppression_is_greedy_and_keeps_no_padding(most):
  given, real = some(200, side=60), np.random.RandomState(2).uniform(size=200) < 0.8
  found = np.asarray(boxes.suppressed(given, real, most))
  np.testing.assert_array_equal(found, greedy(given, real, most))
  assert not found[~real].any()


def test_the_first_of_a_mask_are_in_order_and_the_missing_are_marked():
  mask = jnp.array([False, True, False, True, True])
  place, there = boxes.first(mask, 2)
  assert (place.tolist(), there.tolist()) == ([1, 3], [True, True])
  place, there = boxes.first(mask, 7)
  assert (place[:3].tolist(), there.tolist()) == ([1, 3, 4], [True] * 3 + [False] * 4)


def test_a_sample_has_the_wanted_number_of_candidates_each_as_likely():
  candidates = jnp.arange(12) % 3 > 0
  keys = jax.random.split(jax.random.key(0), 2_000)
  masks = jax.vmap(lambda key: boxes.sampled(key, candidates, 3))(keys)
  assert (masks.sum(axis=1) == 3).all()
  shares = np.asarray(masks.mean(axis=0))
  np.testing.assert_allclose(shares[np.asarray(candidates)], 3 / 8, atol=0.05)
  assert not shares[::3].any()
  every = boxes.sampled(keys[0], candidates, jnp.int32(100))
  np.testing.assert_array_equal(every, candidates)
