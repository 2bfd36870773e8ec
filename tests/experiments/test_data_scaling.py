"""What is claimed of learners that are given more and more data."""

import numpy as np
import pytest
from sklearn import svm

from dl_core.launch import flags
from dl_core.lessons.training import scaling
from dl_core.types import UserError
from experiments import data_scaling, mlp
from tests import finish

SIZES = np.array([100, 400, 1_600])


def grown(*accuracies, seeds=2):
  return scaling.Grown(SIZES, np.repeat(np.array(accuracies)[:, None], seeds, axis=1))


LEVEL, RISING = grown(0.6, 0.7, 0.71), grown(0.6, 0.8, 0.9)
MACHINE = grown(0.7, 0.9, 0.95, seeds=1)


def test_a_learner_that_levels_off_is_told_from_one_that_goes_on():
  found = {'linear': LEVEL, 'net': RISING, 'svm': MACHINE}
  picture = scaling.picture(found, 'numbers')
  assert [claim.holds for claim in picture.claims] == [True] * 3
  assert '3% ± 0% against 50% ± 0%' in picture.claims[0].measured
  assert picture.draw().axes
  found = {'linear': RISING, 'net': LEVEL, 'svm': LEVEL}
  claims = scaling.picture(found, 'numbers').claims
  assert [claim.holds for claim in claims] == [False, True, False]
  falling = grown(0.6, 0.9, 0.8)
  claims = scaling.picture({'linear': LEVEL, 'net': falling, 'svm': LEVEL}, '').claims
  assert not claims[1].holds


def test_one_size_alone_is_drawn_and_claims_nothing(digits_dir):
  one = scaling.Grown(SIZES[:1], np.array([[0.5]]))
  none = scaling.Grown(SIZES[:0], np.zeros((0, 1)))
  picture = scaling.picture({'linear': one, 'net': one, 'svm': none}, 'numbers')
  assert picture.claims == ()
  assert picture.draw().axes


def test_the_machine_is_fit_to_the_rows_that_the_net_is_and_to_no_set_too_large(
  digits_dir,
):
  sets = {
    size: mlp.load(mlp.Config(size=8, train_size=size, data_dir=digits_dir))
    for size in (100, 300)
  }
  found = scaling.of_machine(sets, most=100)
  assert found.sizes.tolist() == [100]
  x, y = scaling.rows(sets[100], 'train')
  assert (x.shape, y.shape) == ((100, 64), (100,))
  machine = svm.SVC(C=10).fit(x, y)
  tested = scaling.rows(sets[100], 'test')
  assert len(tested[1]) == 359
  assert found.accuracy == [[machine.score(*tested)]]
  assert found.accuracy[0, 0] > 0.9


def test_sizes_that_are_no_numbers_are_refused_in_a_sentence():
  with pytest.raises(
    UserError, match=r'--sizes=all was given, whole numbers of at least 0'
  ):
    flags.parse(data_scaling.Config, {}, ['', '--sizes=all'])
  with pytest.raises(UserError, match=r'one of each digit'):
    data_scaling.study(data_scaling.Config(sizes=(9, 0)))


def test_sizes_grow_in_whatever_order_they_are_given_and_all_is_the_largest():
  study = data_scaling.study(data_scaling.Config(sizes=(0, 700, 175, 700)))
  assert [label for label in study.runs if 'net' in label] == [
    'net-175',
    'net-700',
    'net-all',
  ]
  for label, (_, c) in study.runs.items():
    assert c.hidden == ((256, 256) if label.startswith('net') else ())
    assert f'{label.partition("-")[0]}-{c.train_size or "all"}' == label


@pytest.mark.slow
def test_the_claims_hold_by_default(digits_dir):
  held = finish.claimed(data_scaling.study(data_scaling.Config(data_dir=digits_dir)))
  assert len(held) == 3
  assert all(held.values()), held
