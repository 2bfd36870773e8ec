"""The ring's density is that of its points."""

import jax
import numpy as np
import pytest

from dl_core.data import ring
from dl_core.lessons.unsupervised import densities


def test_the_density_integrates_to_one_and_the_points_follow_it():
  side = (np.arange(400) + 0.5) / 400
  grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
  assert np.exp(ring.log_density(grid)).mean() == pytest.approx(1, abs=1e-3)
  share = np.exp(ring.log_density(grid)) / len(grid)
  entropy = -(share * ring.log_density(grid)).sum()
  assert -ring.log_density(ring.points('test')).mean() == pytest.approx(
    entropy, abs=0.05
  )


@pytest.mark.parametrize('levels', [0, 8])
def test_a_batch_holds_points_or_their_cells(levels):
  data, key = ring.load(16, levels, signed=not levels), jax.random.key(0)
  batch = data.take(data.feed(key, 0), key, 0)
  wanted = data.spec.batch
  assert batch.x.shape == wanted.x.shape
  assert batch.y.dtype == wanted.y.dtype
  if levels:
    np.testing.assert_allclose(batch.x * (levels - 1), batch.y, atol=1e-6)
  else:
    assert batch.x.min() < -0.3


def test_a_mode_is_covered_by_its_share_of_the_points():
  assert densities.covered(ring.points('test').astype(np.float64)) == ring.MODES
  one = np.repeat(ring.centres()[:1], 50, axis=0)
  assert densities.covered(one) == 1
  assert densities.covered(np.full((50, 2), 0.5)) == 0
