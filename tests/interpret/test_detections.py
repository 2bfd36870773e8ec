"""A detector's answer in words and boxes, and which images it gets most wrong."""

from types import SimpleNamespace

import numpy as np
import pytest

from dl_core.interpret import anchored, detections
from dl_core.tasks.average_precision import Image
from dl_core.tasks.judging import Detections
from dl_core.tasks.proposals import Proposing
from dl_core.types import Batch

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


def test_objects_that_no_anchor_fits_are_known_by_class():
  settings = Proposing(8, (16,), (1.0,))
  found = np.array([[[0, 0, 16, 16], [4, 4, 6, 6], [0, 0, 0, 0]]], np.float32)
  weight = {'image': np.ones(1, 'f'), 'boxes': np.array([[1, 1, 0]], 'f')}
  y = {'boxes': found, 'labels': np.array([[0, 1, -1]])}
  batch = Batch({'image': np.zeros((1, 32, 32, 3), 'f')}, y, weight)
  best, labels = anchored.overlaps(settings, [batch])
  assert labels.tolist() == [0, 1]
  # The best anchor of the first lies 4 pixels off both ways: its corner is at -4 or 4.
  np.testing.assert_allclose(best, [144 / (2 * 256 - 144), 4 / 256])
  data = SimpleNamespace(
    splits={'train': lambda: [batch]}, spec=SimpleNamespace(classes=('cat', 'ant'))
  )
  (picture,) = anchored.report(settings)(None, {}, data, None)
  assert 'objects of cat, ant have' in picture.caption
