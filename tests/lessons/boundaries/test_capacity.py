import dataclasses

import numpy as np
import pytest

from dl_core.launch import flags
from dl_core.lessons.boundaries import capacity as pictures
from dl_core.types import UserError
from experiments import capacity
from tests import finish


def errors(train, validation, test):
  """Five seeds that agree but for a little."""
  noise = np.random.default_rng(0).normal(0, 0.002, (3, len(test), 5))
  shares = np.array([train, validation, test])[..., None] + noise
  return pictures.Errors((1, 3, 9), *shares)


def holds(**changed):
  u = {
    'train': (0.2, 0.1, 0.02),
    'validation': (0.2, 0.1, 0.3),
    'test': (0.2, 0.1, 0.3),
  }
  return [claim.holds for claim in pictures.claims(errors(**u | changed))]


def test_more_capacity_fits_better_and_predicts_worse():
  c = dataclasses.replace(capacity.Config(), degrees=(1, 3, 9))
  study = capacity.study(c)
  drawn = study.draw(finish.solved(study, seeds=3))
  held = finish.held(drawn)
  assert len(held) == 4
  assert all(held.values())
  panels = drawn[0].draw().axes
  assert [axes.get_title().split(':')[0] for axes in panels] == [
    f'degree {degree}' for degree in (1, 3, 9)
  ]


def test_each_claim_can_be_false():
  assert holds() == [True, True, True, True]
  assert not holds(train=(0.1, 0.2, 0.02))[0]  # it rises
  assert not holds(test=(0.3, 0.2, 0.1))[1]  # no U: it falls for ever
  assert not holds(test=(0.1, 0.2, 0.3))[1]
  # The test alone would have told the bottom: validation prefers an end.
  assert not holds(validation=(0.1, 0.2, 0.3))[1]
  assert not holds(train=(0.3, 0.2, 0.15))[2]  # the noise is not learnt
  assert not holds(validation=(0.3, 0.2, 0.1))[3]  # validation prefers the last, too


def test_the_razor_takes_the_simplest_that_validation_cannot_tell_from_the_best():
  alike = errors((0.2, 0.1, 0), (0.1001, 0.1, 0.3), (0.2, 0.1, 0.3))
  assert pictures.occam(alike) == 0
  assert pictures.occam(errors((0.2, 0.1, 0), (0.2, 0.1, 0.3), (0, 0, 0))) == 1


@pytest.mark.parametrize('degrees', ['', '1,x', '0', '1,,2', '-1'])
def test_degrees_that_are_none_are_refused(degrees):
  with pytest.raises(UserError, match=f'--degrees={degrees} was given'):
    flags.parse(capacity.Config, {}, ['', f'--degrees={degrees}'])
  study = capacity.study(capacity.Config(degrees=(9, 1, 1)))
  assert list(study.runs) == ['degree-1', 'degree-9']
