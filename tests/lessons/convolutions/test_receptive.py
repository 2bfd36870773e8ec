"""What an output of a stack sees."""

import numpy as np
import pytest

from dl_core.lessons.convolutions import receptive
from tests import finish


@pytest.fixture(scope='module')
def found():
  return receptive.measure(np.random.default_rng(0), 2, 400)


def test_stacks_see_what_the_formula_says_and_the_middle_most(found):
  picture = receptive.picture(found)
  assert list(finish.held([picture]).values()) == [True] * 4
  assert picture.draw().axes


def test_the_claims_fail_of_stacks_in_each_others_place(found):
  _, two, three, large = receptive.STACKS
  swapped = {**found.seen, two: found.seen[three], three: found.seen[two]}
  wrong = found._replace(
    seen=swapped,
    strength={**found.strength, three: found.strength[large]},
    others=[(stack, (seen[0] + 1, seen[1])) for stack, seen in found.others],
  )
  assert not any(finish.held([receptive.picture(wrong)]).values())


def test_the_formula_gives_the_fields_of_lenet():
  c1, pool, c3 = (5, 1), (2, 2), (5, 1)
  fields = [receptive.field((c1, pool, c3, pool)[:n]) for n in range(1, 5)]
  assert fields == [5, 6, 14, 16]


def test_rings_are_means_of_squares():
  strength = np.full((5, 5), 3.0)
  strength[1:4, 1:4] = 2
  strength[2, 2] = 1
  np.testing.assert_allclose(receptive.rings(strength), [1, 2, 3])
