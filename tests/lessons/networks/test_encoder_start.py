import types

import pytest

from dl_core.lessons.networks import encoder_start


def runs(**accuracies):
  return {
    label.replace('_', '-'): [
      types.SimpleNamespace(lines=[{'accuracy': each}]) for each in values
    ]
    for label, values in accuracies.items()
  }


@pytest.mark.parametrize(
  ('few', 'many', 'hold'),
  [
    ((0.9, 0.8), (0.95, 0.96), [True, True]),
    ((0.5, 0.61), (0.95, 0.96), [False, False]),
    ((0.9, 0.8), (0.99, 0.99), [True, True]),
  ],
)
def test_its_claims_can_fail(few, many, hold):
  found = runs(
    scratch_20=(0.6, 0.5), scratch_300=(0.94, 0.95), encoder_20=few, encoder_300=many
  )
  (picture,) = encoder_start.pictures([20, 300], found)
  assert [bool(claim.holds) for claim in picture.claims] == hold
  assert picture.draw() is not None
