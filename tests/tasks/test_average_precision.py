"""Average precision: cases by hand, of each of the three rules."""

import numpy as np
import pytest

from dl_core.tasks import average_precision as ap

BOXES = np.array([[0, 0, 10, 10], [20, 20, 40, 40], [50, 0, 60, 30]], np.float64)


def image(found, scores, objects, difficult=(), labels=None, classes=None):
  found, objects = BOXES[[*found]], BOXES[[*objects]]
  zeros = lambda values: np.zeros(len(values), int)
  return ap.Image(
    found,
    zeros(found) if labels is None else np.array(labels),
    np.array(scores, np.float64),
    objects,
    zeros(objects) if classes is None else np.array(classes),
    np.isin(np.arange(len(objects)), difficult),
  )


def average(images, rule='area', least=0.5):
  return ap.average(ap.curve(images, 0, least, rule), rule)


def test_finding_everything_and_nothing_else_is_one_by_every_rule():
  images = [image([0, 1], [0.9, 0.8], [0, 1]), image([2], [0.3], [2])]
  for rule in ('area', 'voc07', 'coco'):
    assert average(images, rule) == pytest.approx(1)


def test_finding_nothing_is_zero_and_a_class_without_objects_has_no_average():
  assert average([image([], [], [0])]) == 0
  assert average([image([1], [0.9], [0])]) == 0
  assert np.isnan(average([image([0], [0.9], [])]))
  assert ap.mean(np.array([0.5, np.nan, 1])) == 0.75
  assert ap.mean(np.array([np.nan])) == 0


def test_the_area_is_that_below_the_envelope():
  # right, wrong, right of two objects: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1.
  images = [image([0, 2, 1], [0.9, 0.8, 0.7], [0, 1])]
  assert average(images) == pytest.approx(0.5 + 0.5 * 2 / 3)
  # Recalls 0, 0.1 .. 0.5 have precision 1, the other five 2/3.
  assert average(images, 'voc07') == pytest.approx((6 + 5 * 2 / 3) / 11)
  assert average(images, 'coco') == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_a_second_detection_of_an_object_is_wrong():
  found = ap.curve([image([0, 0, 1], [0.9, 0.8, 0.7], [0, 1])], 0, 0.5)
  np.testing.assert_allclose(found.precision, [1, 1 / 2, 2 / 3])
  np.testing.assert_allclose(found.recall, [1 / 2, 1 / 2, 1])


def test_difficult_objects_and_their_detections_count_neither_way():
  with_it = [image([0, 1], [0.9, 0.8], [0, 1], difficult=[0])]
  without = [image([1], [0.8], [1])]
  assert average(with_it) == average(without) == 1
  assert ap.curve(with_it, 0, 0.5).objects == 1


def test_a_detection_of_another_class_or_too_far_away_is_wrong():
  other = image([0, 1], [0.9, 0.8], [0, 1], labels=[1, 0])
  assert average([other]) == pytest.approx(0.5)
  near = other._replace(
    boxes=BOXES[:2] + np.array([[0, 0, 0, 0], [0, 0, 12, 0]]),
  )
  near = near._replace(labels=np.zeros(2, int))
  shared = 400 / (32 * 20)
  assert average([near], least=shared) == pytest.approx(1)
  assert average([near], least=shared + 0.01) == pytest.approx(0.5)


def test_the_surest_detection_of_all_images_comes_first():
  first = [image([2], [0.9], [0]), image([0], [0.5], [0])]
  found = ap.curve(first, 0, 0.5)
  np.testing.assert_allclose(found.precision, [0, 1 / 2])
  last = [image([2], [0.1], [0]), image([0], [0.5], [0])]
  np.testing.assert_allclose(ap.curve(last, 0, 0.5).precision, [1, 1 / 2])


def test_only_cocos_rule_gives_a_detection_the_second_best_object():
  objects = np.array([[0, 0, 10, 10], [0, 0, 10, 12]], np.float64)
  own = image([0, 0], [0.9, 0.8], [0, 1])._replace(
    boxes=np.array([[0, 0, 10, 10], [0, 0, 10, 10.5]]), objects=objects
  )
  assert average([own]) == pytest.approx(0.5)
  assert average([own], 'coco') == pytest.approx(1)


def test_the_summary_takes_all_classes():
  both = image([0, 1], [0.9, 0.8], [0, 1], labels=[0, 1], classes=[0, 1])
  assert ap.summary([both], 3) == pytest.approx({'map': 1, 'map75': 1, 'map_coco': 1})
