"""A detector's answer in words and boxes, and which images it gets most wrong."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from dl_core.data.outlines import Objects
from dl_core.interpret import anchored, detections
from dl_core.layers import boxes
from dl_core.tasks import average_precision, proposals
from dl_core.tasks.average_precision import Image
from dl_core.tasks.judging import Detections
from dl_core.tasks.proposals import Proposing

X = {
  'image': np.random.RandomState(0).uniform(size=(20, 30, 3)),
  'extent': np.array([15, 30], np.float32),
}
SAID = Detections(
  np.array([[2, 3, 12, 13], [1, 1, 5, 5], [0, 0, 0, 0]], np.float32),
  np.array([1, 0, 0]),
  np.array([0.9, 0.2, 0]),
)


def test_an_answer_names_what_is_sure_in_pixels_of_the_original_image():
  answer = detections.answer(X | {'scale': np.float32(0.5)}, SAID, ('cat', 'dog'))
  assert answer.words == 'dog 90.0% at 4, 6, 24, 26'
  (axes,) = answer.draw().axes
  assert len(axes.patches) == 1
  assert axes.images[0].get_array().shape[:2] == (15, 30)


def test_an_answer_without_anything_sure_says_what_is_surest():
  low = SAID._replace(scores=np.array([0.3, 0.2, 0]))
  assert detections.answer(X, low, ('cat', 'dog')).words == (
    'nothing of 50% or more; the surest is dog 30.0%'
  )
  none = SAID._replace(scores=np.zeros(3))
  assert detections.answer(X, none, ('cat', 'dog')).words == 'nothing of 50% or more'


@pytest.mark.parametrize(('label', 'wrong'), [(1, False), (0, True)])
def test_images_with_misses_and_wrong_detections_are_the_worst(label, wrong):
  box = np.array([[2.0, 3, 12, 13]])
  one = lambda labels: Image(
    box, np.array(labels), np.array([0.9]), box, np.array([label]), np.array([False])
  )
  assert detections.worst([one([label]), one([1])]) == ([1] if wrong else [])


def objects(boxes, extent=(96, 96)):
  """Returns Objects of one class; boxes are left, top, right, bottom."""
  boxes = np.array(boxes, float).reshape(-1, 4)
  labels = np.zeros(len(boxes), int)
  return Objects(boxes, labels, np.tile(np.array(extent, float), (len(boxes), 1)))


def scattered(count, width, height, extent=(96, 96)):
  """Returns Objects of one size at random places."""
  random = np.random.RandomState(0)
  low = random.uniform(0, 1, (count, 2)) * (np.array(extent[::-1]) - [width, height])
  high = low + np.array([width, height])
  return objects(np.concatenate([low, high], axis=1), extent)


@pytest.mark.parametrize('extent', [(96, 96), (60, 90), (17, 33), (3, 2)])
@pytest.mark.parametrize('border', [False, True])
def test_the_best_anchor_is_the_best_of_all_that_are_learned(extent, border):
  settings = Proposing(8, (16, 30, 70), (0.5, 1.0, 2.0), border=border)
  random = np.random.RandomState(1)
  corners = np.sort(random.uniform(0, 1, (40, 2, 2)), axis=1) * extent[::-1]
  found = objects(corners, extent)
  anchors = boxes.anchors(12, 12, 8, settings.sizes, settings.ratios)
  used = np.asarray(proposals.usable(anchors, np.array(extent, np.float32), border))
  shared = average_precision.overlap(found.boxes, anchors[used])
  best = shared.max(axis=1, initial=0)
  np.testing.assert_allclose(anchored.overlaps(settings, found), best, atol=1e-5)


def said(settings, found):
  data = SimpleNamespace(objects=lambda: found)
  return anchored.remarks(settings)(data)


def test_anchors_that_fit_are_told_in_one_line_without_advice():
  (line,) = said(Proposing(8, (30,), (1.0,)), scattered(50, 30, 30))
  words = (
    r'100.0% of 50 training objects have an anchor of overlap 0.5 or more, .*% of 0.7'
  )
  assert re.fullmatch(words, line)


def test_without_objects_nothing_is_said_of_anchors():
  assert said(Proposing(8, (30,)), objects([])) == []


@pytest.mark.parametrize(
  ('width', 'height', 'flags'),
  [
    (14, 14, '--anchors=14,30'),
    (75, 75, '--anchors=30,75'),
    (18, 50, '--ratios=1,2.78'),
    (10, 40, '--anchors=20,30 --ratios=1,4'),
  ],
)
def test_following_the_advice_gives_the_worst_objects_an_anchor(width, height, flags):
  settings = Proposing(8, (30,), (1.0,))
  good, bad = scattered(300, 30, 30), scattered(30, width, height)
  both = Objects(*(np.concatenate(each) for each in zip(good, bad, strict=True)))
  (line,) = said(settings, both)
  assert f' of the 30 of about {width} x {height} pixels have one of 0.5: ' in line
  assert line.endswith(f'give {flags}')
  given = dict(re.findall(r'--(\w+)=(\S+)', line))
  sizes, ratios = (
    tuple(map(float, given.get(name, default).split(',')))
    for name, default in (('anchors', '30'), ('ratios', '1'))
  )
  (after,) = said(settings._replace(sizes=sizes, ratios=ratios), both)
  assert ';' not in after


def test_objects_between_the_places_of_anchors_need_larger_images():
  (line,) = said(Proposing(16, (30,), (1.0,)), scattered(30, 6, 6))
  assert line.endswith('are 16 pixels apart, give a larger --image_size')


def test_objects_that_no_anchor_fits_are_known_by_class():
  settings = Proposing(8, (16,), (1.0,))
  found = objects([[0, 0, 16, 16], [4, 4, 6, 6]], (32, 32))
  found = found._replace(labels=np.array([0, 1]))
  # The best anchor of the first lies 4 pixels off both ways.
  expected = [144 / (2 * 256 - 144), 4 / 256]
  np.testing.assert_allclose(anchored.overlaps(settings, found), expected)
  classes = SimpleNamespace(classes=('cat', 'ant'))
  data = SimpleNamespace(objects=lambda: found, spec=classes)
  (picture,) = anchored.report(settings)(None, {}, data, None)
  assert 'objects of cat, ant have' in picture.caption
