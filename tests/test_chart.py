import math
import re

import pytest

from dl_core import chart


@pytest.mark.parametrize(
  ('low', 'high', 'log'),
  [
    (0, 1, False),
    (0.0937, 0.9861, False),
    (-3.2, 1e4, False),
    (0, 1000, False),
    (5, 5, False),
    (0, 0, False),
    (1, 1 + 1e-16, False),
    (1e-7, 3e-7, False),
    (0.03, 2.4, True),
    (1e-8, 5e3, True),
    (1e-23, 1e-3, True),
    (1e-300, 1e300, True),
  ],
)
def test_ticks_are_few_and_enclose_the_values(low, high, log):
  found = chart.ticks(low, high, log)
  assert 2 <= len(found) <= 8
  assert found[0] <= low
  assert found[-1] >= high
  assert found == sorted(set(found))


def line(step, split, **figures):
  return {'step': step, 'split': split, **figures}


def test_places_are_per_cent_from_the_left_and_from_the_top():
  lines = [line(0, 'validation', loss=0.0), line(100, 'validation', loss=1.0)]
  found = chart.chart(lines, 'loss')
  assert found.curves[0].path == 'M0.0 100.0L100.0 0.0'
  assert found.best == (0.0, 'step 0: 0')
  assert found.x[0] == (0, '0')
  assert found.x[-1] == (100, '100')


def test_best_is_the_highest_accuracy_and_the_lowest_loss():
  lines = [
    line(step, 'validation', loss=loss, accuracy=accuracy)
    for step, loss, accuracy in [(0, 3, 0.1), (1, 1, 0.5), (2, 2, 0.8)]
  ]
  assert chart.chart(lines, 'loss').best[1] == 'step 1: 1'
  assert chart.chart(lines, 'accuracy').best[1] == 'step 2: 80.00%'


def test_a_value_that_is_not_finite_leaves_a_gap():
  values = [1.0, 2.0, None, 1.5, math.inf, 1.0]
  lines = [line(i, 'train', loss=v) for i, v in enumerate(values)]
  (drawn,) = chart.chart(lines, 'loss').curves
  assert len(re.findall('M', drawn.path)) == 3
  assert len(re.findall('L', drawn.path)) == 1
  assert len(drawn.dots) == 4
  assert 'nan' not in drawn.path


def test_nothing_finite_is_no_chart():
  assert chart.charts([line(0, 'train', loss=None), line(0, 'test', loss=1.0)]) == []


def test_the_scale_is_logarithmic_only_where_it_can_and_should_be():
  def log(*values, name='loss'):
    lines = [line(i, 'train', **{name: v}) for i, v in enumerate(values)]
    return chart.chart(lines, name).log

  assert log(2.3, 0.01)
  assert not log(2.3, 1.1)
  assert not log(2.3, 0.0)
  assert not log(0.01, 0.99, name='accuracy')


def test_charts_come_loss_first_and_leave_out_what_is_no_figure():
  lines = [
    line(0, 'validation', accuracy=0.1, loss=2.0),
    line(9, 'train', accuracy=0.5, loss=1.0, seconds=3.0, examples_per_second=10.0),
    line(9, 'test', accuracy=0.4, top5=0.9),
  ]
  assert [found.name for found in chart.charts(lines)] == ['loss', 'accuracy']
