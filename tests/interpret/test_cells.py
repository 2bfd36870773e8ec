"""The scores of ISBI's challenge, of a task that says what it is told to say."""

from types import SimpleNamespace

import numpy as np
import pytest

from dl_core.interpret import cells, segments
from dl_core.types import Batch, Data, Experiment, Spec


def scored(change):
  y = np.ones((1, 12, 20), int)
  y[:, :, [6, 13]] = 0
  weight = np.ones(y.shape, np.float32)
  said = change(y.copy())
  logits = 4.0 * np.eye(2)[said]
  padded = Batch(np.zeros((1, 1)), y, 0 * weight)
  batch = Batch(np.zeros((1, 1)), y, weight)
  spec = Spec(batch, 'cells/1', ('membrane', 'cell'))
  data = Data(spec, None, None, {'test': lambda: [batch, padded]})
  task = SimpleNamespace(outputs=lambda variables, x: logits)
  return cells.scores(task)({}, data, None)


def test_what_is_said_exactly_has_no_error():
  found = scored(lambda y: y)
  assert found == {
    'pixel_error': 0, 'rand': 1, 'membrane_iou': 1, 'cell_iou': 1
  }  # fmt: skip


def test_a_hole_in_a_membrane_costs_few_pixels_and_much_of_the_rand_score():
  def broken(y):
    y[:, 3, 6] = 1
    return y

  found = scored(broken)
  assert found['pixel_error'] == pytest.approx(1 / 240)
  assert found['membrane_iou'] == pytest.approx(23 / 24)
  assert found['rand'] < 0.9


@pytest.mark.parametrize(
  ('found', 'wanted'),
  [({'accuracy': 0.75}, {'accuracy': 0.75, 'pixel_error': 0.25}), ({}, {})],
)
def test_a_set_that_is_read_batch_by_batch_has_no_baseline(found, wanted):
  spec = Spec(None, 'cells/1', ('membrane', 'cell'))
  data = Data(spec, None, None, {}, baseline=lambda: found)
  experiment = Experiment(None, None, (), data)
  task = SimpleNamespace(outputs=None)
  assert cells.scored(experiment, task).data.baseline() == wanted


def test_only_classes_but_the_first_are_laid_over_an_image():
  image = np.full((2, 2, 1), 0.5)
  found = segments.overlaid(image, np.array([[0, 1], [0, 2]]), 3)
  np.testing.assert_allclose(found[:, 0], 0.5)
  assert np.ptp(found[0, 1]) > 0.1
  assert found.shape == (2, 2, 3)


def test_the_weighted_iou_counts_a_class_by_its_pixels():
  y = np.array([[[0, 0, 0, 1]]])
  logits = 4.0 * np.eye(2)[[[[0, 0, 1, 1]]]]
  batch = Batch(np.zeros((1, 1)), y, np.ones(y.shape, np.float32))
  data = Data(
    Spec(batch, 'four/1', ('no', 'yes')), None, None, {'test': lambda: [batch]}
  )
  task = SimpleNamespace(outputs=lambda variables, x: logits)
  found = segments.scores(task)({}, data, None)
  assert found == {'weighted_iou': pytest.approx(0.75 * 2 / 3 + 0.25 / 2)}
