"""Single objects are found, measured and judged, each by itself."""

import numpy as np
import pytest

from dl_core.lessons.scenes import instances


def seen(said):
  y = np.zeros((1, 30, 40), int)
  y[0, 2:12, 2:10] = 3  # 10 pixels high
  y[0, 2:26, 20:30] = 3  # 24
  y[0, 27:29, 5:9] = 1  # a fragment
  return instances.Seen(np.zeros((1, 30, 40, 3)), y, np.ones(y.shape), said(y.copy()))


def test_what_is_predicted_exactly_has_an_iou_of_one():
  heights, values = instances.overlaps(seen(lambda y: y))
  assert sorted(heights.tolist()) == [10, 24]
  assert values.tolist() == [1, 1]


def test_an_error_counts_against_the_object_that_it_is_at():
  def said(y):
    y[0, 2:12, 2:6] = 0  # half of the small one
    return y

  means, counts = instances.by_size(seen(said), [20])
  assert means.tolist() == [0.5, 1]
  assert counts.tolist() == [1, 1]


def test_what_is_predicted_beside_an_object_lowers_its_iou():
  def said(y):
    y[0, 2:12, 10:12] = 3
    return y

  means, _ = instances.by_size(seen(said), [20])
  assert means[0] == pytest.approx(0.8)
  assert means[1] == 1


def test_without_objects_of_a_size_the_mean_is_zero():
  means, counts = instances.by_size(seen(lambda y: y), [20, 100])
  assert (means[2], counts[2]) == (0, 0)


def test_where_an_object_is_does_not_depend_on_what_it_is_called():
  assert instances.where(seen(lambda y: y)) == 1
  assert instances.where(seen(lambda y: np.where(y == 3, 2, y))) == 1
  assert instances.where(seen(lambda y: np.roll(y, 1, axis=2))) < 0.9
