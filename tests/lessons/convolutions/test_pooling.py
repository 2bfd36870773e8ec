"""What either pooling keeps."""

import numpy as np
import pytest

from dl_core.data import splits
from dl_core.lessons.convolutions import pooling
from experiments import lenet
from tests import finish


@pytest.fixture(scope='module')
def found(digits_dir):
  data = lenet.build(lenet.Config(data_dir=digits_dir)).data
  images = splits.examples(data, 'test')[0][..., 0]
  return pooling.measure(np.random.default_rng(0), images, 40)


def test_max_pooling_keeps_peaks_and_steadies_answers(found):
  picture = pooling.picture(found)
  assert list(finish.held([picture]).values()) == [True] * 2
  assert picture.draw().axes
  assert found.changed['max'].shape == (len(pooling.WINDOWS), 40)


def test_the_claims_fail_of_the_other_pooling(found):
  swapped = {'max': found.thin['average'], 'average': found.thin['max']}
  wrong = found._replace(
    thin=swapped, changed={kind: each[::-1] for kind, each in found.changed.items()}
  )
  assert not any(finish.held([pooling.picture(wrong)]).values())


def test_pooling_is_what_the_definition_says():
  maps = np.random.default_rng(1).standard_normal((2, 4, 6, 3)).astype(np.float32)
  windows = maps.reshape(2, 2, 2, 3, 2, 3)
  for kind, reduce in (('max', np.max), ('average', np.mean)):
    found = pooling.pooled(maps, kind, 2)
    np.testing.assert_allclose(found, reduce(windows, axis=(2, 4)), rtol=1e-6)


def test_answers_that_are_on_once_of_twice_are_counted():
  before = np.array([1.0, 1.0, 0.1, 0.0]).reshape(1, 2, 2, 1)
  after = np.array([1.0, 0.2, 0.1, 0.9]).reshape(1, 2, 2, 1)
  np.testing.assert_allclose(pooling.flipped(before, after), 2 / 3, rtol=1e-6)
