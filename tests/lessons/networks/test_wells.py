import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dl_core.lessons.networks import wells

EXAMPLES = 64


@pytest.fixture(scope='module')
def tilts():
  return wells.noise(np.random.default_rng(0), EXAMPLES)


@pytest.fixture(scope='module')
def walks(tilts):
  return {
    batch: np.asarray(
      wells.descend(jax.random.key(1), tilts, 0.05, batch=batch, paths=20, steps=500)
    )
    for batch in (EXAMPLES, 8, 1)
  }


def test_what_is_claimed_of_batches_holds_and_not_of_other_ones(walks):
  claims = wells.claims(walks)
  assert all(claim.holds for claim in claims), claims
  full, some, one = walks.values()
  swapped = wells.claims({EXAMPLES: one, 8: full, 1: some})
  assert not any(claim.holds for claim in swapped)


def test_the_noise_of_examples_has_no_mean_so_the_mean_loss_is_known(tilts):
  assert abs(float(tilts.mean())) < 1e-5
  np.testing.assert_allclose(tilts.std(), wells.NOISE, rtol=1e-5)
  for w in (-1.2, 0.3, 0.9):
    mean = np.mean([wells.loss(w, float(each)) for each in tilts])
    np.testing.assert_allclose(mean, wells.loss(w, 0.0), atol=1e-5)


def test_the_mean_loss_is_level_at_its_places_and_the_left_minimum_is_lower():
  good, barrier, poor = wells.places()
  for w in (good, barrier, poor):
    np.testing.assert_allclose(4 * w**3 - 4 * w + wells.TILT, 0, atol=1e-9)
  assert good < barrier < poor
  assert wells.loss(good, 0.0) < wells.loss(poor, 0.0) < wells.loss(barrier, 0.0)


def test_the_gradient_of_a_batch_is_the_one_worked_out_by_hand():
  w, chosen = 0.7, jnp.array([3.0, -1.0, 4.0])
  expected = 4 * w**3 - 4 * w + wells.TILT + 2
  np.testing.assert_allclose(
    wells.batch_gradient(jnp.float32(w), chosen), expected, rtol=1e-5
  )


def test_the_full_batch_is_plain_gradient_descent_and_all_sizes_start_alike(walks):
  full, some, one = walks.values()
  np.testing.assert_array_equal(full[:, 0], some[:, 0])
  np.testing.assert_array_equal(full[:, 0], one[:, 0])
  w = np.float64(full[:, 0])
  assert w.min() > wells.places().barrier
  assert w.std() > 0.1
  for t in range(1, 30):
    w = w - 0.05 * (4 * w**3 - 4 * w + wells.TILT)
    np.testing.assert_allclose(full[:, t], w, atol=1e-4)


def test_a_full_batch_that_starts_beyond_the_barrier_counts_as_escaped(walks):
  full, some, one = walks.values()
  assert wells.claims(walks)[0].holds
  w = np.full(len(full), wells.places().barrier - 0.1, np.float32)
  path = [w]
  for _ in range(300):
    w = w - np.float32(0.05) * (4 * w**3 - 4 * w + np.float32(wells.TILT))
    path.append(w)
  assert path[-1].dtype == np.float32
  over = wells.claims({EXAMPLES: np.stack(path, axis=1), 8: some, 1: one})
  assert (over[0].holds, over[0].measured) == (False, f'{len(full)} of {len(w)} seeds')


def test_a_path_has_escaped_once_it_was_in_the_good_minimum():
  good, _, poor = wells.places()
  paths = np.array([[poor, -0.5, poor], [poor, good - 0.1, poor], [poor] * 3])
  np.testing.assert_array_equal(
    wells.escaped(paths), [[False] * 3, [False, True, True], [False] * 3]
  )


def test_a_path_that_diverges_has_not_escaped():
  falls = np.array([[0.9, -1.2, -1e30, -np.inf], [0.9, -1.2, 0.9, 0.9]])
  assert wells.escaped(falls)[:, -1].tolist() == [False, True]
