"""Claims of mixed styles can fail, and do where no pair shows a difference."""

import types

import numpy as np
import pytest

from dl_core.interpret import mixing

SEEN = {
  'shapes_differ': 0.5,
  'shape_by_coarse': 0.9,
  'colour_by_coarse': 0.1,
  'shape_by_fine': 0.1,
  'colour_by_fine': 0.9,
}


@pytest.mark.parametrize(
  ('changes', 'held'),
  [
    ({}, [True, True]),
    ({'shape_by_coarse': 0.5}, [False, True]),
    ({'colour_by_coarse': 0.4}, [False, True]),
    ({'colour_by_fine': 0.5}, [True, False]),
    ({'shape_by_fine': 0.4}, [True, False]),
    ({'shapes_differ': 0.0, 'shape_by_coarse': 0.0, 'shape_by_fine': 0.0}, [False] * 2),
  ],
)
def test_the_claims_need_what_moves_and_what_stays(changes, held):
  picture = mixing.moved(SEEN | changes, ('0', '1'))
  assert [bool(claim.holds) for claim in picture.claims] == held


def test_fine_styles_are_the_two_of_the_full_size(monkeypatch):
  """Of six layers the first four set the shape here, and the last two the colour."""

  def draw(model, key, number, count):
    return np.random.default_rng(number).normal(size=(count, 2))

  def painted(variables, styles):
    images = np.zeros((len(styles), 8, 8, 1))
    images[:, :2] = styles[:, 4:, 1].mean(axis=1)[:, None, None, None]
    images[:, 4:] = styles[:, :4, 0].mean(axis=1)[:, None, None, None]
    return images

  monkeypatch.setattr(mixing, 'latents', draw)
  styled = lambda variables, z, psi: np.repeat(z[:, None], 6, axis=1)
  paint = types.SimpleNamespace(styled=styled, painted=painted)
  said = lambda images: types.SimpleNamespace(said=(images[:, 6, 6, 0] > 0).astype(int))
  judge = types.SimpleNamespace(name=said)
  found = mixing.mixed(None, paint, {}, judge, None, ('0', '1'))
  assert found.pop('shapes_differ') == pytest.approx(0.5, abs=0.1)
  assert found == pytest.approx(
    {'shape_by_coarse': 1, 'colour_by_coarse': 0}
    | {'shape_by_fine': 0, 'colour_by_fine': 1}
  )
