"""The Rand score is that of scikit-image's formula, and falls when cells merge."""

import numpy as np
import pytest

from dl_core.tasks import rand


def brute(found, truth):
  """Counts pairs of pixels: the share of those together in both, by definition."""
  inside = truth > 0
  a, b = found[inside], truth[inside]
  both = np.mean((a[:, None] == a) & (b[:, None] == b))
  own = np.mean(a[:, None] == a), np.mean(b[:, None] == b)
  return both / (own[0] / 2 + own[1] / 2)


def test_it_counts_the_pairs_of_pixels_that_are_together_in_both():
  random = np.random.default_rng(0)
  found, truth = random.integers(0, 4, (2, 9, 11))
  assert rand.score(found, truth) == pytest.approx(brute(found, truth))


def walls(*columns):
  inside = np.ones((12, 20), bool)
  inside[:, list(columns)] = False
  return inside


def test_it_is_one_for_the_same_cells_and_lower_once_a_membrane_has_a_hole():
  truth = rand.cells(walls(6, 13))
  assert truth.max() == 3
  assert rand.score(truth, truth) == 1
  broken = walls(6, 13)
  broken[3, 6] = True
  merged = rand.score(rand.cells(broken), truth)
  assert merged < 0.9
  assert rand.score(rand.cells(walls(6, 13, 16)), truth) < 1


def test_the_best_threshold_is_the_one_that_closes_the_hole():
  chances = np.where(walls(6, 13), 0.95, 0.05)
  chances[3, 6] = 0.65
  assert rand.best([chances], [walls(6, 13)]) == 1
  assert rand.score(rand.cells(chances > 0.5), rand.cells(walls(6, 13))) < 0.9


def test_membranes_of_the_truth_do_not_count():
  truth = rand.cells(walls(6, 13))
  moved = np.where(truth == 0, 99, truth)
  assert rand.score(moved, truth) == 1
