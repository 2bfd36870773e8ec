import numpy as np
import pytest

from dl_core.lessons.recurrent import clipping, vanishing


def curves(slopes, draws=2):
  """Norms that fall or rise by given slopes of their logarithm."""
  distance = np.arange(1, vanishing.STEPS + 1)
  return {
    radius: np.exp(slope * distance)[None].repeat(draws, 0)
    for radius, slope in zip(vanishing.RADII, slopes, strict=True)
  }


EXACT = np.log(vanishing.RADII)


def holds(tanh, linear=EXACT):
  found = {'tanh': curves(tanh), 'linear': curves(linear)}
  return tuple(bool(claim.holds) for claim in vanishing.picture(found).claims)


def test_norms_of_random_networks_obey_the_bound():
  found = vanishing.measure(np.random.default_rng(0), 2)
  assert all(claim.holds for claim in vanishing.picture(found).claims)
  across = np.arange(1, vanishing.STEPS + 1)
  for radius in vanishing.RADII:
    np.testing.assert_allclose(found['linear'][radius][0], radius**across, rtol=1e-9)
    assert np.all(found['tanh'][radius] <= radius**across * (1 + 1e-9))


@pytest.mark.parametrize(
  ('tanh', 'linear', 'expected'),
  [
    (EXACT - 0.1, EXACT, (True, True)),
    (EXACT + 0.01, EXACT, (False, True)),
    (EXACT - 0.1, EXACT * 0, (True, False)),
    (EXACT - 0.1, [-1, -0.5, 0, 0.01], (True, False)),
  ],
)
def test_slopes_above_the_bound_and_no_explosion_fail(tanh, linear, expected):
  assert holds(tanh, linear) == expected


def test_a_window_cuts_more_where_gradients_reach_farther(monkeypatch):
  random = np.random.default_rng(0)
  assert vanishing.truncation(random, 3).claims[0].holds
  monkeypatch.setattr(vanishing, 'orthogonal', lambda random, size: 0 * np.eye(size))
  assert not vanishing.truncation(random, 1).claims[0].holds  # all alike: no past


def runs(plain, clipped):
  """Runs [N = 4, steps] whose losses go from 10 to these."""
  make = lambda end: clipping.Run(
    np.array([10.0, *[end] * 49])[None].repeat(4, 0), np.full((4, 50), 2.0)
  )
  return {
    way: make(plain if way == 'no clipping' else clipped) for way in clipping.WAYS
  }


@pytest.mark.parametrize(
  ('plain', 'clipped', 'expected'),
  [
    (np.nan, 0.1, (True, True)),
    (0.1, 0.1, (False, True)),
    (np.nan, np.nan, (True, False)),
    (np.nan, 9.0, (True, False)),
  ],
)
def test_clipping_is_judged_by_what_breaks_and_what_improves(plain, clipped, expected):
  found = clipping.picture(runs(plain, clipped))
  assert tuple(bool(claim.holds) for claim in found.claims) == expected


def test_a_linear_network_explodes_without_clipping_alone():
  found = clipping.learn(0, 4, 40)
  assert not np.isfinite(found['no clipping'].losses[:, -1]).any()
  for way in ('clipped by norm', 'clipped by element'):
    assert np.isfinite(found[way].losses).all()
    assert found[way].losses[:, -1].mean() < found[way].losses[:, 0].mean() / 5
