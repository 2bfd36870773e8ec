"""Claims of mixed styles can fail, and do where no pair shows a difference."""

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
