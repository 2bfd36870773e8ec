"""Weights are high where two cells are near, as the paper's equation says."""

import jax
import jax.numpy as jnp
import numpy as np

from dl_core.data import warps, weight_maps
from dl_core.types import Batch


def three_cells():
  labels = np.zeros((40, 40), np.uint8)
  labels[4:16, 3:18] = 1
  labels[4:16, 21:36] = 1
  labels[22:37, 8:30] = 1
  return labels


def distances(mask):
  """Distances from every pixel to the nearest true one, by brute force."""
  rows, columns = np.nonzero(mask)
  y, x = np.indices(mask.shape)
  return np.sqrt(((y[..., None] - rows) ** 2 + (x[..., None] - columns) ** 2).min(-1))


def test_they_are_those_of_the_equation_by_brute_force():
  labels = three_cells()
  boxes = [(slice(4, 16), slice(3, 18)), (slice(4, 16), slice(21, 36))]
  boxes.append((slice(22, 37), slice(8, 30)))
  each = []
  for box in boxes:
    own = np.zeros((40, 40), bool)
    own[box] = True
    each.append(distances(own))
  first, second = np.sort(each, axis=0)[:2]
  share = np.mean(labels)
  wanted = np.where(
    labels > 0,
    1 / (2 * share),
    1 / (2 * (1 - share)) + 10 * np.exp(-((first + second) ** 2) / 50),
  )
  found = weight_maps.separating(labels[None])
  np.testing.assert_allclose(found[0], wanted, rtol=1e-5)


def test_the_gap_of_two_equal_cells_is_symmetric_and_one_cell_has_none():
  labels = np.zeros((20, 41), np.uint8)
  labels[5:15, 5:18] = 1
  assert not weight_maps.gaps(labels).any()
  labels[5:15, 23:36] = 1
  found = weight_maps.gaps(labels)
  np.testing.assert_allclose(found, found[:, ::-1])
  assert found.argmax() % 41 in range(18, 23)


def test_no_deformation_changes_nothing_and_labels_stay_in_their_set():
  key = jax.random.key(0)
  x = jax.random.normal(key, (3, 16, 20, 1))
  y = jax.random.randint(key, (3, 16, 20), 0, 2) * 7
  batch = Batch(x, y, 1.0 + y)
  same = jax.jit(warps.elastic(0.0))(key, batch)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), same, batch)
  found = jax.jit(warps.elastic(4.0))(key, batch)
  assert {*np.unique(found.y)} == {0, 7}
  np.testing.assert_array_equal(found.weight, 1.0 + found.y)
  assert np.mean(found.y != y) > 0.1


def test_a_deformation_moves_all_three_by_one_field():
  key, side = jax.random.key(1), 33
  ramp = jnp.broadcast_to(jnp.arange(side)[:, None], (2, side, side))
  batch = Batch(ramp[..., None].astype(jnp.float32), ramp, ramp.astype(jnp.float32))
  found = warps.elastic(3.0)(key, batch)
  np.testing.assert_array_equal(found.y, found.weight.astype(int))
  assert np.abs(found.x[..., 0] - found.y).max() <= 0.5 + 1e-4
  assert np.abs(found.y - ramp).max() > 2


def test_cubic_interpolation_goes_through_its_points_and_keeps_a_constant():
  weights = np.asarray(warps.cubic(9, 3))
  np.testing.assert_allclose(weights[[0, 4, 8]], np.eye(3), atol=1e-6)
  np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
