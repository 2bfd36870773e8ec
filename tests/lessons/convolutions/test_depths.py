"""How well the depths of a network tell classes apart."""

import numpy as np
import pytest

from dl_core import types
from dl_core.lessons.convolutions import depths
from experiments import convolution, lenet
from tests import finish


def asked(apart, right):
  names = ('pixels', 'C1', 'F6')
  return depths.Depths(
    dict(zip(names, right, strict=True)), dict(zip(names, apart, strict=True))
  )


TRAINED = asked((0.9, 1.0, 3.0), (0.9, 0.9, 0.96))
BEGAN = asked((0.9, 0.8, 0.7), (0.9, 0.9, 0.8))
MAPS = types.Picture('Activation maps', '', lambda: None)
FOUND = depths.Found([TRAINED] * 2, [BEGAN] * 2, {'C1': 6, 'C3': 16}, MAPS)


def test_a_network_whose_depths_tell_better_is_said_to_and_no_other_is():
  pictures = depths.pictures(FOUND)
  assert list(finish.held(pictures).values()) == [True] * 3
  assert pictures[1].draw().axes
  other = depths.Found([BEGAN] * 2, [TRAINED] * 2, {'C1': 6, 'C3': 6}, MAPS)
  assert not any(finish.held(depths.pictures(other)).values())
  mixed = FOUND._replace(trained=[TRAINED, BEGAN])  # one seed is enough
  assert sum(finish.held(depths.pictures(mixed)).values()) == 1


def test_the_nearest_mean_and_the_ratio_are_what_the_textbook_says():
  random = np.random.default_rng(0)
  x, y = random.standard_normal((60, 4)), np.arange(60) % 3
  x[:, 0] += 2 * y
  means = np.stack([x[y == k].mean(axis=0) for k in range(3)])
  np.testing.assert_allclose(depths.class_means(x, y), means)
  far = ((x[:, None] - means) ** 2).sum(axis=-1)
  np.testing.assert_array_equal(depths.nearest(x, means), far.argmin(axis=1))
  between = sum(20 * ((m - x.mean(axis=0)) ** 2).sum() for m in means)
  within = sum(far[i, y[i]] for i in range(60))
  np.testing.assert_allclose(depths.separation(x, y), between / within)


@pytest.mark.slow
def test_the_claims_hold_by_default(digits_dir):
  c = convolution.Config(data_dir=digits_dir)
  ((_, own),) = convolution.study(c).runs.values()
  runs = finish.finished(lenet, own, seeds=2)
  pictures = convolution.draw(c, own, {'lenet': runs})
  held = finish.held(pictures)
  assert len(held) == 22
  assert all(held.values()), held
